/** HAProxy's `show servers conn` (HAProxy management guide, 9.3). */

export interface ServerConnections {
  readonly used: number;
  /** Kept open for requests to come. */
  readonly idle: number;
}

/** Connections by `<backend>/<server>`. */
export function parseConnections(text: string): Map<string, ServerConnections> {
  const [header = "", ...lines] = text.trim().split("\n");
  const columns = header.replace(/^# /, "").split(" ");
  const [used, idle] = [columns.indexOf("used_cur"), columns.indexOf("idle_cur")];
  return new Map(
    lines.map((line) => {
      const fields = line.split(" ");
      return [fields[0] ?? "", { used: Number(fields[used]), idle: Number(fields[idle]) }];
    }),
  );
}
