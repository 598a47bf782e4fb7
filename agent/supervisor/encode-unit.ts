/** Values as systemd's unit files need them (systemd.syntax(7), systemd.service(5) "Command lines"). */

/** Characters that mean nothing special to systemd, wherever they stand. */
const PLAIN = /^[A-Za-z0-9_.,:/=+@-]+$/;

/**
 * One word of a command line in program position, or one assignment of `Environment=`: there `$` stands for itself.
 * @throws Error for a control character, which no escape makes safe
 */
export function encodeWord(value: string): string {
  refuseControlCharacters(value);
  if (PLAIN.test(value)) return value;
  return `"${value.replace(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}

/**
 * A setting that is one path, such as `PIDFile=`: only specifiers mean something there, and quotes do not.
 * @throws as {@link encodeWord}
 */
export function encodePath(value: string): string {
  refuseControlCharacters(value);
  return value.replaceAll("%", "%%");
}

/** One argument of a command line, kept from the expansion of variables too. */
export function encodeArgument(value: string): string {
  return encodeWord(value).replaceAll("$", "$$$$");
}

function refuseControlCharacters(value: string): void {
  if (/\p{Cc}/u.test(value)) throw new Error("a control character cannot stand in a unit file");
}
