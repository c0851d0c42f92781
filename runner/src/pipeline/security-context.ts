/** `security_context` of a pipeline and of its steps, as the author wrote it. Data only; the compiler checks it. */

/** A seccomp or AppArmor profile; the type is any text. */
export interface SecurityProfile {
  readonly type: string;
  /** Empty: none. */
  readonly localhostProfile: string;
}

/** What holds for the Pod, and for all steps that set nothing themselves. Undefined: not set. */
export interface PodSecurity {
  readonly user: number | undefined;
  readonly group: number | undefined;
  readonly nonRoot: boolean | undefined;
  readonly fsGroup: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly seccomp: SecurityProfile | undefined;
  readonly appArmor: SecurityProfile | undefined;
}

/** What holds for the container of one step. Undefined: not set. */
export interface StepSecurity {
  readonly nonRoot: boolean | undefined;
  /** Names of capabilities, with or without `CAP_`, in any case. */
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly readOnlyRoot: boolean | undefined;
  readonly escalation: boolean | undefined;
  readonly seccomp: SecurityProfile | undefined;
  readonly appArmor: SecurityProfile | undefined;
}

/** A capability as containers name it: `CAP_net_admin` → `NET_ADMIN`. Pure. */
export const capabilityName = (written: string): string => written.toUpperCase().replace(/^CAP_/, '');
