/** Text with the colours of a terminal (ECMA-48, SGR) as a picture; the text in it stays text. */

const FONT_SIZE = 13;
const LINE_HEIGHT = 17;
const CHARACTER_WIDTH = 7.83;
const MARGIN = 12;
const COLUMNS = 80;
const BACKGROUND = "#1c1c1c";
const FOREGROUND = "#d0d0d0";
/** SGR 31 to 37. */
const COLOURS = ["#ff6b68", "#6bbf59", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff"] as const;

interface Style {
  readonly fill?: string;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

/** @param text - lines that end with a newline; escape sequences other than SGR may not be in it */
export function drawTerminal(text: string): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const width = Math.ceil(COLUMNS * CHARACTER_WIDTH) + 2 * MARGIN;
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  let style: Style = {};
  const drawn = lines.flatMap((line, index) => {
    const spans: string[] = [];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are told colours so
    for (const [, code, part] of line.matchAll(/\x1b\[([0-9;]*)m|([^\x1b]+)/g)) {
      if (code === undefined) spans.push(span(part ?? "", style));
      else style = code.split(";").reduce(styled, style);
    }
    const y = MARGIN + FONT_SIZE + index * LINE_HEIGHT;
    return spans.length === 0 ? [] : [`<text x="${MARGIN}" y="${y}">${spans.join("")}</text>`];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>text { font: ${FONT_SIZE}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: ${FOREGROUND}; white-space: pre }</style>
<rect width="100%" height="100%" rx="6" fill="${BACKGROUND}"/>
${drawn.join("\n")}
</svg>
`;
}

function styled(style: Style, code: string): Style {
  const number = Number(code);
  if (number === 0) return {};
  if (number === 1) return { ...style, bold: true };
  if (number === 2) return { ...style, dim: true };
  const fill = COLOURS[number - 31];
  if (fill === undefined) throw new Error(`a colour that is not drawn: ${code}`);
  return { ...style, fill };
}

function span(text: string, { fill, bold, dim }: Style): string {
  const attributes = [
    ...(fill === undefined ? [] : [` fill="${fill}"`]),
    ...(bold ? [' font-weight="bold"'] : []),
    ...(dim ? [' opacity="0.6"'] : []),
  ].join("");
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return attributes === "" ? escaped : `<tspan${attributes}>${escaped}</tspan>`;
}
