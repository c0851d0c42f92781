import type { BootPhase, UsualPhase } from '../capacity/boot-phase.ts';

/** From when on a phase is long, in seconds, and what shortens it. */
const LONG_PHASES: Readonly<Record<BootPhase, { readonly seconds: number; readonly remedy: string }>> = {
  machine: {
    seconds: 90,
    remedy:
      'use a warm pool of stopped machines where the cloud has one, a smaller machine image, or a type of machine that is in stock; until then keep more places in the buffer',
  },
  kubelet: {
    seconds: 45,
    remedy:
      'check what a new node waits for: the network plugin, DaemonSets that remove a start-up taint, and scripts of the machine image',
  },
  image: {
    seconds: 30,
    remedy:
      'put the images that most builds use into the machine image, pull them in advance with a DaemonSet, or use a registry mirror in the same zone',
  },
};

/** What to do about a long phase of the boot; undefined: it is not long. Pure. */
export function bootAdvice({ phase, seconds }: UsualPhase): string | undefined {
  const long = LONG_PHASES[phase];
  return seconds > long.seconds ? long.remedy : undefined;
}
