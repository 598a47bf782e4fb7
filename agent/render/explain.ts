/**
 * Where each line of a text comes from: templates are compiled once more with a mark at the beginning of every
 * line that prints, which names the part of the document that the line's context stands for; pure.
 */

/** Name of the helper that prints a mark. */
export const MARK_HELPER = "mark";
/** Before and after a path: the one character that no text has (docs/contract/rendering.md, 1.1). */
const FENCE = "\0";
/** A line of a template that has only block, comment or partial tags: Handlebars prints nothing for it. */
const SILENT = /^\s*(?:\{\{[#/!>~^][^}]*\}\}|\{\{else[^}]*\}\})\s*$/;
/** A line of a template that prints on the line above: a mark would part them. */
const CONTINUED = /^\{\{~/;

/** A line of a text, and the JSON path of the part of the document that it comes from. */
export interface ExplainedLine {
  readonly path: string;
  readonly text: string;
}

/** @returns the source of a template with a mark on each line that prints */
export function markLines(source: string): string {
  const mark = `{{${MARK_HELPER}}}`;
  return source.replace(/^.+$/gm, (line) => {
    if (SILENT.test(line) || CONTINUED.test(line)) return line;
    // Three braces in a row would be another tag.
    return line.startsWith("}") ? line + mark : mark + line;
  });
}

/** What {@link MARK_HELPER} prints in a context; contexts say their own `path`. */
export function encodeMark(context: unknown): string {
  const hasPath = typeof context === "object" && context !== null && "path" in context;
  return hasPath ? `${FENCE}${context.path}${FENCE}` : "";
}

/** @returns the lines of a text that was printed with marks; an empty line comes from nowhere */
export function parseMarks(marked: string): readonly ExplainedLine[] {
  const lines = marked.endsWith("\n") ? marked.slice(0, -1).split("\n") : marked.split("\n");
  return lines.map((line) => {
    const [before = "", path = "", ...rest] = line.split(FENCE);
    const text = before + rest.filter((_, index) => index % 2 === 0).join("");
    return { path: text === "" ? "" : path, text };
  });
}

/** @returns the text with a comment column in front */
export function encodeExplanation(lines: readonly ExplainedLine[]): string {
  const width = Math.max(0, ...lines.map(({ path }) => path.length));
  return lines
    .map(({ path, text }) => `# ${path.padEnd(width)} | ${text}`.trimEnd())
    .join("\n")
    .concat("\n");
}
