import { noAnswer } from '@hangar/shared/testing/fake-cluster';
import { anImage } from '../compile/testing/a-pipeline.ts';
import { CiServerError } from '../ports/ci-server.ts';
import type { ImageLookup } from '../ports/image-lookup.ts';
import { PluginError } from '../ports/plugins.ts';
import type { CrashingProcess, LoseAnswer } from './crash.ts';

/** The result of the client after a lost answer: that of the repeated call, or an error. */
export const droneAnswerLost: LoseAnswer = (method, answer) => {
  if (method === 'accept' || method === 'detail' || method === 'uploadCard') return answer;
  if (method === 'updateStage' || method === 'updateStep') return { kind: 'conflict', afterLostAnswer: true };
  if (method === 'uploadLog') return 'exists';
  throw new CiServerError(method, 0, 'no answer');
};

/** As where the connection breaks. */
export const clusterAnswerLost: LoseAnswer = () => {
  throw noAnswer();
};

/** As an error of the disk: the bytes stay in memory. What can't be read is marked in the log as missing (`log-window.test.ts`). */
export const overflowAnswerLost: LoseAnswer = (method, answer) => {
  if (method !== 'write') return answer;
  throw new Error('EIO: i/o error');
};

/** A parsing process that ends without an answer refuses the file, as its own tests show: no build is lost, and nothing is to be repeated. */
export const parserAnswerLost: LoseAnswer = (_, answer) => answer;

const pluginAnswerLost: LoseAnswer = () => {
  throw new PluginError('no answer');
};

/** Plugins and the image lookup of a process. */
export function pluginsOf(process: CrashingProcess) {
  const nothing = (): Promise<readonly never[]> => Promise.resolve([]);
  const find = (): Promise<string> => Promise.resolve('s3cret');
  const images: ImageLookup = {
    find: ({ image }) =>
      Promise.resolve(
        image.includes('unknown')
          ? { kind: 'unknown', why: 'no such image' }
          : { kind: 'found', config: anImage() },
      ),
  };
  const plugin = <T extends object>(name: string, port: T): T => process.port(name, port, pluginAnswerLost);
  return {
    secretPlugin: plugin('secretPlugin', { find }),
    registryPlugin: plugin('registryPlugin', { list: nothing }),
    environmentPlugin: plugin('environmentPlugin', { list: nothing }),
    images: process.port('images', images, () => ({ kind: 'unknown', why: 'no answer' })),
  };
}
