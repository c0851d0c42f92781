import { writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { embeddedGround } from './flows/embedded-ground.ts';
import { startPracticeServer } from './drone/practice-server.ts';
const { cluster, ground } = await embeddedGround();
const drone = await startPracticeServer({ secret: 's3cret', longPollMs: 5000 });
writeFileSync('/tmp/try/kubeconfig', ground.kubeconfig);
const env = { ...process.env, ...ground.env, DRONE_RPC_HOST: drone.host, DRONE_RPC_SECRET: 's3cret', DRONE_KUBERNETES_CONFIG: '/tmp/try/kubeconfig', DRONE_NAMESPACE_DEFAULT: 'hangar', HANGAR_LEASE_NAMESPACE: 'hangar', DRONE_SERVER_PORT: '127.0.0.1:0', NODE_OPTIONS: '' };
function start() {
  let said = '';
  const child = spawn('node', ['/work/main/runner/bin/hangar-runner.mjs', 'daemon'], { env, stdio: ['ignore', 'inherit', 'pipe'] });
  child.stderr.on('data', (d) => { said += d; process.stdout.write(d); });
  const ended = new Promise<void>((r) => child.on('exit', (code, signal) => { console.log('exit', code, signal); r(); }));
  return { child, ended, base: () => /"address":"([^"]+)"/.exec(said)?.[1] };
}
const until = async (f: () => boolean | Promise<boolean>) => { for (let i = 0; i < 600 && !(await f()); i++) await new Promise((r) => setTimeout(r, 50)); };
const one = start();
const b = drone.createBuild({ yaml: 'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- name: a\n  image: alpine\n  commands: [echo hi, sleep 9, echo ho]\n' });
await until(() => drone.build(b.id).status === 'running');
await new Promise((r) => setTimeout(r, 1500));
const t = Date.now(); one.child.kill('SIGTERM'); await one.ended; console.log('handed over in', Date.now() - t);
const two = start();
await until(() => drone.build(b.id).status !== 'running');
console.log(drone.build(b.id).status);
await until(() => !!two.base());
console.log((await (await fetch(two.base() + '/metrics')).text()).split('\n').filter((l) => /adopted|orphan|ended/.test(l)).join('\n'));
two.child.kill('SIGTERM'); await two.ended;
await drone.close(); await cluster.close();
