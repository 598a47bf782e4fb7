/** What `ip -force -batch -` says about lines that failed (docs/contract/network.md, 4.6); pure. */

/** What a message of iproute2 means for us. */
export type Meaning =
  /** Already as wanted. */
  | "exists"
  /** Nothing there to delete. */
  | "missing"
  /** May work in a moment: a source address that is still tentative. */
  | "notYet"
  | "refused";

export interface LineFailure {
  /** From 0. */
  readonly line: number;
  readonly message: string;
  readonly meaning: Meaning;
}

export interface BatchReport {
  readonly failures: readonly LineFailure[];
  /** What ended the batch before its last line, if anything: iproute2 gives up on words that it cannot parse. */
  readonly aborted: string | undefined;
}

const MEANINGS: readonly (readonly [RegExp, Meaning])[] = [
  [/RTNETLINK answers: File exists|Error: ipv[46]: [Aa]ddress already assigned/, "exists"],
  [/RTNETLINK answers: No such (process|file or directory)|Error: ipv[46]: [Aa]ddress not found/, "missing"],
  [/RTNETLINK answers: Cannot assign requested address/, "missing"],
  [/Error: Invalid (source|prefsrc) address|RTNETLINK answers: Invalid argument/, "notYet"],
];

/**
 * @param output - standard output and standard error in order
 * @param exitCode - a failed line makes it non-zero even with `-force`
 */
export function parseBatchReport(output: string, exitCode: number): BatchReport {
  const failures: LineFailure[] = [];
  let message: string[] = [];
  for (const text of output.split("\n")) {
    const number = /^Command failed -:(\d+)$/.exec(text)?.[1];
    if (number === undefined) {
      if (text.trim() !== "") message.push(text.trim());
      continue;
    }
    const said = message.join(" ");
    failures.push({ line: Number(number) - 1, message: said, meaning: meaningOf(said) });
    message = [];
  }
  const unexplained = exitCode !== 0 && (message.length > 0 || failures.length === 0);
  return { failures, aborted: unexplained ? message.join(" ") || `exit code ${exitCode}` : undefined };
}

export function meaningOf(message: string): Meaning {
  return MEANINGS.find(([pattern]) => pattern.test(message))?.[1] ?? "refused";
}
