import { mkdir, rm, writeFile } from 'node:fs/promises';
import { runOrThrow } from './command.ts';
import { cluster } from './plan/layout.ts';

const names = `subjectAltName=IP:127.0.0.1,IP:10.198.0.1,DNS:localhost,DNS:kubernetes.default.svc,DNS:${cluster.nodeName}`;

/** One certificate to be signed by the cluster's own authority. */
interface Wanted {
  readonly file: string;
  readonly subject: string;
  readonly extensions: readonly string[];
}

const wanted: readonly Wanted[] = [
  {
    file: 'serving',
    subject: '/CN=hangar-testbed',
    extensions: [names, 'extendedKeyUsage=serverAuth'],
  },
  {
    file: 'client',
    subject: '/O=system:masters/CN=kube-apiserver',
    extensions: ['extendedKeyUsage=clientAuth'],
  },
];

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const validDays = '3650';

async function sign(folder: string, { file, subject, extensions }: Wanted): Promise<void> {
  const request = `${folder}/${file}.csr`;
  const key = `${folder}/${file}.key`;
  await runOrThrow('openssl', ['req', ...newKey, '-keyout', key, '-out', request, '-subj', subject]);
  await writeFile(`${folder}/${file}.ext`, extensions.join('\n'));
  const authority = ['-CA', `${folder}/ca.crt`, '-CAkey', `${folder}/ca.key`, '-CAcreateserial'];
  const output = ['-out', `${folder}/${file}.crt`, '-days', validDays, '-extfile', `${folder}/${file}.ext`];
  await runOrThrow('openssl', ['x509', '-req', '-in', request, ...authority, ...output]);
  await rm(request);
  await rm(`${folder}/${file}.ext`);
}

/** Makes the cluster's authority, its certificates and the key that signs service account tokens, in that folder. */
export async function makeCertificates(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = [
    '-keyout',
    `${folder}/ca.key`,
    '-out',
    `${folder}/ca.crt`,
    '-subj',
    '/CN=hangar-testbed-ca',
  ];
  await runOrThrow('openssl', ['req', '-x509', ...newKey, ...authority, '-days', validDays]);
  for (const each of wanted) await sign(folder, each);
  // In the old form (EC PRIVATE KEY): the API server reads the public half from no other.
  await runOrThrow('openssl', [
    'ecparam',
    '-genkey',
    '-noout',
    '-name',
    'prime256v1',
    '-out',
    `${folder}/accounts.key`,
  ]);
}
