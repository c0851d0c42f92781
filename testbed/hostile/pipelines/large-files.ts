/** A large pipeline file, by what it is made of. */
export interface LargeFile {
  readonly name: string;
  readonly what: string;
  /** About that many characters: 200 steps of a megabyte. */
  readonly make: (chars: number) => string;
}

const STEP_CHARS = 5_000;
const HEAD = 'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n';

/** A file of steps of about 5,000 characters each. */
function ofSteps(chars: number, step: (name: string) => string): string {
  const count = Math.max(1, Math.round(chars / STEP_CHARS));
  return HEAD + Array.from({ length: count }, (_, nth) => step(`step-${nth}`)).join('');
}

/** As many lines as a step has. */
const linesOf = (line: (nth: number) => string): string => {
  const count = Math.round(STEP_CHARS / line(0).length);
  return Array.from({ length: count }, (_, nth) => line(nth)).join('');
};

const commandOf = (nth: number): string =>
  `go test ./package-${nth % 90}/... -run Test -count 1 | tee out.txt\n`;

/** What large files are made of in practice. */
export const LARGE_FILES: readonly LargeFile[] = [
  {
    name: 'scripts',
    what: '200 steps, each one command of many lines',
    make: (chars) =>
      ofSteps(chars, (name) => {
        const script = linesOf((nth) => `    ${commandOf(nth)}`);
        return `- name: ${name}\n  image: golang:1.25\n  commands:\n  - |\n${script}`;
      }),
  },
  {
    name: 'commands',
    what: '200 steps of many commands',
    make: (chars) =>
      ofSteps(chars, (name) => {
        const commands = linesOf((nth) => `  - ${commandOf(nth)}`);
        return `- name: ${name}\n  image: golang:1.25\n  commands:\n${commands}`;
      }),
  },
  {
    name: 'settings',
    what: '200 steps of many short settings',
    make: (chars) =>
      ofSteps(chars, (name) => {
        const settings = linesOf((nth) => `    setting_${100 + nth}: value ${nth % 10}\n`);
        return `- name: ${name}\n  image: plugins/s3\n  settings:\n${settings}`;
      }),
  },
];
