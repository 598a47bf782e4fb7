/**
 * Translates HAProxy's exposition text (docs/contract/metrics.md, section 4).
 *
 * With 5,000 servers that is 300,000 lines and 48 MB for every scrape, so lines are not taken apart one by one:
 * HAProxy writes all samples of a metric below each other, and a run of them is found and rewritten as a whole,
 * by regular expressions and searches for fixed text, which are machine code in any case.
 */
import { ownCopy } from "../own-copy.ts";
import { EXPLANATIONS, METRIC_GROUPS, RENAMED } from "./names.ts";

/** One row of the mapping: what is looked for in a line, and what becomes of the line. */
export interface MetricRule {
  /** Lower ones are preferred. */
  readonly order: number;
  /** HAProxy's name, and the blank or brace behind it. */
  readonly match: string;
  readonly replaceWith: string;
  /** Whole line in place of HAProxy's explanation, without its newline. */
  readonly helpLine: string | undefined;
  readonly labels: readonly (readonly [from: string, to: string])[];
}

export const METRIC_RULES: readonly MetricRule[] = METRIC_GROUPS.flatMap((group) =>
  group.names.flatMap((name) => {
    const match = group.prefix + name;
    const replaceWith = RENAMED[match] ?? group.newPrefix + name;
    const explanation = EXPLANATIONS[replaceWith];
    const plain = {
      match: `${match} `,
      replaceWith: `${replaceWith} `,
      helpLine: explanation === undefined ? undefined : `# HELP ${replaceWith} ${explanation}`,
      labels: [],
    };
    const labelled = {
      match: `${match}{`,
      replaceWith: `${replaceWith}{`,
      helpLine: undefined,
      labels: group.labels,
    };
    return group.labels.length === 0 ? [plain] : [plain, labelled];
  }),
).map((rule, order) => ({ order, ...rule }));

const RULES = new Map(METRIC_RULES.map((rule) => [rule.match, rule]));

/** The internal proxies; what users see of their own listener is kept. */
const INTERNAL = "prometheus-exporter";
const NAME = /haproxy_[^ {\n]*[ {]/g;
/**
 * Lines with the same beginning up to their first label's value, and no other text that a rule looks for:
 * `haproxy_`, `proxy=` and `prometheus-exporter` all have an x that is followed by y or p.
 */
const RUN =
  /(haproxy_[^x {\n]*(?:x(?![yp])[^x {\n]*)*\{proxy=")[^x\n]*(?:x(?![yp])[^x\n]*)*\n(?:\1[^x\n]*(?:x(?![yp])[^x\n]*)*\n)*/y;

/** @param text - whole lines; only the very last line of a scrape may lack its newline */
export function encodeExposition(text: string): string {
  let encoded = "";
  for (let position = 0; position < text.length; ) {
    RUN.lastIndex = position;
    const beginning = RUN.exec(text)?.[1];
    if (beginning === undefined) {
      const newline = text.indexOf("\n", position);
      const end = newline === -1 ? text.length : newline + 1;
      const line = text.slice(position, end);
      encoded += line.startsWith("#") ? encodeComment(line) : encodeLine(line);
      position = end;
    } else {
      encoded += encodeRun(text, position, RUN.lastIndex, beginning);
      position = RUN.lastIndex;
    }
  }
  return encoded;
}

/** Explanations and types, which HAProxy repeats word for word in every scrape. */
const COMMENTS = new Map<string, string>();
/** HAProxy 2.6 has 250 metrics, of which servers and proxies share no name. */
const COMMENTS_KEPT = 2_000;

function encodeComment(line: string): string {
  const known = COMMENTS.get(line);
  if (known !== undefined) return known;
  const encoded = encodeLine(line);
  if (COMMENTS.size < COMMENTS_KEPT) COMMENTS.set(ownCopy(line), encoded);
  return encoded;
}

/** One line by the letter of the contract. */
export function encodeLine(line: string): string {
  if (line.includes(INTERNAL)) return "";
  const rule = findRule(line);
  if (!rule) return "";
  if (rule.helpLine !== undefined && line.includes("HELP")) return `${rule.helpLine}\n`;
  const labels = line.startsWith("#") ? [] : rule.labels;
  const relabelled = labels.reduce((text, [from, to]) => text.replaceAll(from, to), line);
  return relabelled.replaceAll(rule.match, rule.replaceWith);
}

function findRule(line: string): MetricRule | undefined {
  let found: MetricRule | undefined;
  NAME.lastIndex = 0;
  for (let name = NAME.exec(line); name; name = NAME.exec(line)) {
    const rule = RULES.get(name[0]);
    if (rule && (!found || rule.order < found.order)) found = rule;
    // A name may begin inside of what is none.
    NAME.lastIndex = name.index + 1;
  }
  return found;
}

interface Replacement {
  readonly pattern: RegExp;
  readonly text: string;
}

/** What to do with a run, by the beginning of its lines; a bounded number, as names that no rule has are not kept. */
const REPLACEMENTS = new Map<string, readonly Replacement[]>();

function encodeRun(text: string, start: number, end: number, beginning: string): string {
  const rule = RULES.get(beginning.slice(0, -'proxy="'.length));
  if (!rule) return "";
  let replacements = REPLACEMENTS.get(beginning);
  if (!replacements) {
    replacements = replacementsOf(rule, beginning);
    REPLACEMENTS.set(beginning, replacements);
  }
  return replacements.reduce(
    (run, { pattern, text: replacement }) => run.replace(pattern, replacement),
    text.slice(start, end),
  );
}

function replacementsOf(rule: MetricRule, beginning: string): Replacement[] {
  const [first, ...others] = rule.labels;
  const label = first ? first[1] : "proxy=";
  return [
    { pattern: literal(beginning), text: `${rule.replaceWith}${label}"` },
    ...others.map(([from, to]) => ({ pattern: literal(from), text: to })),
  ];
}

function literal(text: string): RegExp {
  return new RegExp(RegExp.escape(text), "g");
}
