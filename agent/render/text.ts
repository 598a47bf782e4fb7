/** Characters and ends of printed text; pure. */

/** What Python's `str.strip()` takes for white space, which is not what JavaScript's `trim()` does. */
const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const BLANKS = new RegExp(`[${BLANK}]+`);
const TRAILING_BLANK = new RegExp(`[${BLANK}]$`);
const TRAILING_BLANKS = new RegExp(`[${BLANK}]*$`);

/** Without the blanks at its end. */
export function trimBlanks(text: string): string {
  return TRAILING_BLANK.test(text) ? text.replace(TRAILING_BLANKS, "") : text;
}

/** @returns the words between white space; an empty one at an end that is blank */
export function splitAtBlanks(text: string): readonly string[] {
  return text.split(BLANKS);
}
