import type { PodSecurity, SecurityProfile, StepSecurity } from '../pipeline/security-context.ts';
import { type Decoder, isNull } from './decoder.ts';
import type { YamlNode } from './yaml-node.ts';

const isAbsent = (node: YamlNode | undefined): boolean => node === undefined || isNull(node);

const optionalBool = (decoder: Decoder, node: YamlNode | undefined): boolean | undefined =>
  isAbsent(node) ? undefined : decoder.bool(node);

function readProfile(decoder: Decoder, node: YamlNode | undefined): SecurityProfile | undefined {
  if (isAbsent(node)) return undefined;
  const fields = decoder.fields(node, 'security profile');
  return {
    type: decoder.text(fields.get('type')),
    localhostProfile: decoder.text(fields.get('localhost_profile')),
  };
}

/** `security_context` of a pipeline; undefined if it is absent. */
export function readPodSecurity(decoder: Decoder, node: YamlNode | undefined): PodSecurity | undefined {
  if (isAbsent(node)) return undefined;
  const fields = decoder.fields(node, 'security context');
  return {
    user: decoder.optionalInteger(fields.get('run_as_user')),
    group: decoder.optionalInteger(fields.get('run_as_group')),
    nonRoot: optionalBool(decoder, fields.get('run_as_non_root')),
    fsGroup: decoder.optionalInteger(fields.get('fs_group')),
    supplementalGroups: decoder.structs(fields.get('supplemental_groups'), 'int', (item) =>
      decoder.integer(item),
    ),
    seccomp: readProfile(decoder, fields.get('seccomp_profile')),
    appArmor: readProfile(decoder, fields.get('app_armor_profile')),
  };
}

/** `security_context` of a step; undefined if it is absent. */
export function readStepSecurity(decoder: Decoder, node: YamlNode | undefined): StepSecurity | undefined {
  if (isAbsent(node)) return undefined;
  const fields = decoder.fields(node, 'step security context');
  const capabilities = decoder.fields(fields.get('capabilities'), 'capabilities');
  return {
    nonRoot: optionalBool(decoder, fields.get('run_as_non_root')),
    addCapabilities: decoder.texts(capabilities.get('add')),
    dropCapabilities: decoder.texts(capabilities.get('drop')),
    readOnlyRoot: optionalBool(decoder, fields.get('read_only_root_filesystem')),
    escalation: optionalBool(decoder, fields.get('allow_privilege_escalation')),
    seccomp: readProfile(decoder, fields.get('seccomp_profile')),
    appArmor: readProfile(decoder, fields.get('app_armor_profile')),
  };
}
