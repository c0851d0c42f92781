import type { ImageConfig, RegistryCredentials } from '../compile/settings.ts';

/** Which image, for which machine. */
export interface ImageQuestion {
  /** Full reference, as `expandImage` gives it. */
  readonly image: string;
  readonly os: string;
  readonly arch: string;
  readonly variant: string;
}

/** What was found out; `unknown` says why in words for the log, and the step is swapped instead. */
export type ImageAnswer =
  | { readonly kind: 'found'; readonly config: ImageConfig }
  | {
      readonly kind: 'unknown';
      readonly why: string;
      /** Its own registry, not a mirror, says that there is no such image. */
      readonly isAbsent?: boolean;
    };

/** Where the command line of an image is asked for (gate §2). */
export interface ImageLookup {
  /** Never rejects but with the reason of `signal`; takes 3 s at most. Answers are remembered. */
  find(
    question: ImageQuestion,
    credentials: readonly RegistryCredentials[],
    signal?: AbortSignal,
  ): Promise<ImageAnswer>;
}
