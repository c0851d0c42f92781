/** Quotes text for a POSIX shell. */
const singleQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const NETRC = [
  'if [ -n "${DRONE_NETRC_FILE}" ]; then',
  '  printf \'%s\\n\' "${DRONE_NETRC_FILE}" > "${HOME}/.netrc"',
  '  chmod 600 "${HOME}/.netrc"',
  'fi',
  'unset DRONE_SCRIPT DRONE_NETRC_MACHINE DRONE_NETRC_USERNAME DRONE_NETRC_PASSWORD DRONE_NETRC_FILE',
];

/** A failed step of a debug build opens a terminal session for its author and waits. */
const TMATE = [
  'remote_debug() {',
  '  if [ "$?" -ne 0 ]; then',
  '    /usr/drone/bin/tmate -F',
  '  fi',
  '}',
  'if [ -n "${DRONE_TMATE_HOST}" ]; then',
  '  {',
  '    echo "set -g tmate-server-host ${DRONE_TMATE_HOST}"',
  '    echo "set -g tmate-server-port ${DRONE_TMATE_PORT}"',
  '    echo "set -g tmate-server-rsa-fingerprint ${DRONE_TMATE_FINGERPRINT_RSA}"',
  '    echo "set -g tmate-server-ed25519-fingerprint ${DRONE_TMATE_FINGERPRINT_ED25519}"',
  '  } >> "${HOME}/.tmate.conf"',
  'fi',
  'trap remote_debug EXIT',
];

/** A larger script would be more than half of it the printed text of its commands, and must fit into a Secret. */
const LARGEST_PRINTED_BYTES = 512 * 1024;

/** Prints the text with `printf`: unlike `echo`, it does not interpret backslashes, dollars or backquotes. */
const block = (command: string): string => `\nprintf '%s\\n' ${singleQuoted(`+ ${command}`)}\n${command}\n`;

/**
 * The script of a step with `commands` (previous-runner §4.6.3), for any POSIX shell. It is a file, so that standard input is free
 * for the commands. `debug`: a failing step opens a tmate session.
 */
export function stepScript(commands: readonly string[], { debug }: { readonly debug: boolean }): string {
  const head = [...NETRC, 'set -e', ...(debug ? TMATE : [])].join('\n');
  const printed = `${head}\n${commands.map(block).join('')}`;
  const bytes = Buffer.byteLength(printed);
  if (bytes <= LARGEST_PRINTED_BYTES) return printed;
  const note = `+ (${commands.length} commands, not printed: with their text the script would have ${bytes} bytes)`;
  return `${head}\nprintf '%s\\n' ${singleQuoted(note)}\n${commands.join('\n')}\n`;
}
