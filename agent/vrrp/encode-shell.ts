/** Values as shell scripts need them (POSIX shell command language, 2.2, "Quoting"). */

/** Characters that mean nothing special to a shell, wherever they stand. */
const PLAIN = /^[A-Za-z0-9_.,:/@%+-]+$/;

/** One word of a command, which stands for itself. */
export function quoteWord(value: string): string {
  return PLAIN.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
