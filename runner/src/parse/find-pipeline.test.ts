import { expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { findPipeline } from './find-pipeline.ts';
import { parseManifest } from './manifest.ts';

const manifest = parseManifest(`
kind: pipeline
type: kubernetes
workspace: {path: /first}
---
kind: pipeline
type: kubernetes
name: test
workspace: {path: /second}
---
kind: pipeline
type: kubernetes
name: test
workspace: {path: /third}
---
kind: pipeline
type: docker
name: other
`);

it.each([
  ['the name', 'test', '/second'],
  ['no name', '', '/first'],
  ['the default name of an unnamed one', 'default', '/first'],
])('finds the first pipeline by %s', (_, stageName, want) => {
  expect(findPipeline(manifest, stageName).workspacePath).toBe(want);
});

it.each(['other', 'Test', 'constructor'])('does not find %s', (stageName) => {
  expect(() => findPipeline(manifest, stageName)).toThrow(new PipelineError('yaml', 'resource not found'));
});
