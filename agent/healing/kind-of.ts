/** What sort of thing a difference is about; pure. */

/** Where the words of a command are not those of a count. */
const OTHER_WORDS: Readonly<Record<string, string>> = { addr: "address" };

/**
 * @param difference - begins with the word for what is different: the object of `ip`, or `file`, `service`, `sysctl`,
 * `namespace`, `firewall`, `script`
 */
export function kindOf(difference: string): string {
  const [word = ""] = difference.split(" ", 1);
  return OTHER_WORDS[word] ?? word;
}
