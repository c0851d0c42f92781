import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { CompileSettings, Prepared } from './settings.ts';
import { stageEnvironment } from './stage-environment.ts';

type Variables = Readonly<Record<string, string>>;

const PROXIES = ['no_proxy', 'http_proxy', 'https_proxy', 'all_proxy'] as const;

/** Proxy variables in both spellings; the upper-case one is read first (previous-runner §4.7.4). */
function proxyVariables(proxies: Variables): Variables {
  const found = PROXIES.flatMap((name) => {
    const value = proxies[name.toUpperCase()] || proxies[name] || '';
    return value === '' ? [] : [[name, value] as const, [name.toUpperCase(), value] as const];
  });
  return Object.fromEntries(found);
}

function gitVariables({ build }: StageDetail, { clone }: Pipeline): Variables {
  const name = build.authorName || 'drone';
  const email = build.authorEmail || 'noreply@drone';
  return {
    GIT_AUTHOR_NAME: name,
    GIT_COMMITTER_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_EMAIL: email,
    GIT_TERMINAL_PROMPT: '0',
    ...(clone.trace ? { GIT_TRACE: 'true' } : {}),
    ...(clone.skipVerify ? { GIT_SSL_NO_VERIFY: 'true' } : {}),
  };
}

function tmateVariables({ tmate }: CompileSettings): Variables {
  if (tmate.host === '') return {};
  return {
    DRONE_TMATE_HOST: tmate.host,
    DRONE_TMATE_PORT: tmate.port,
    DRONE_TMATE_FINGERPRINT_RSA: tmate.fingerprintRsa,
    DRONE_TMATE_FINGERPRINT_ED25519: tmate.fingerprintEd25519,
  };
}

/** The inputs of the common environment's layers. */
export interface CommonSources {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly prepared: Prepared;
  readonly settings: CompileSettings;
  readonly nowMs: number;
  readonly workspace: string;
  /** Name of the workspace volume in the Pod. */
  readonly workspaceVolume: string;
}

/** Layers 1 to 8 of previous-runner §4.7.1, later ones override: the variables that all containers of the stage share. */
export function commonEnvironment(sources: CommonSources): ReadonlyMap<string, string> {
  const { pipeline, detail, prepared, settings } = sources;
  const layers: readonly (readonly (readonly [string, string])[])[] = [
    prepared.environment.map(({ name, value }) => [name, value] as const),
    Object.entries(detail.build.params),
    Object.entries(pipeline.environment),
    Object.entries(proxyVariables(settings.proxies)),
    Object.entries(stageEnvironment(detail, sources.nowMs)),
    Object.entries(gitVariables(detail, pipeline)),
    [
      ['DRONE_WORKSPACE', sources.workspace],
      ['DRONE_DOCKER_VOLUME_ID', sources.workspaceVolume],
    ],
    Object.entries(tmateVariables(settings)),
  ];
  return new Map(layers.flat());
}
