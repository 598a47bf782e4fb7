/** Characters and ends of printed text; pure. */

/** What Python's `str.strip()` takes for white space, which is not what JavaScript's `trim()` does. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python has separators among them
const BLANK = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Without the blanks at its end. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && BLANK.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Without the blanks at its ends. */
export function stripBlanks(text: string): string {
  let start = 0;
  while (start < text.length && BLANK.test(text.charAt(start))) start += 1;
  return trimBlanks(text.slice(start));
}

/** @returns the words between white space; an empty one at an end that is blank */
export function splitAtBlanks(text: string): readonly string[] {
  return text.split(BLANK);
}
