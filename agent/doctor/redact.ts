/** Takes secrets out of texts that leave the amphora: configurations, logs, answers of programs. Pure. */

const HIDDEN = "(removed)";
/** A shorter one is a part of too many words; where it is set, the rules take it out. */
const SHORTEST_SECRET = 4;

/** What is replaced, and what stays of it. */
const RULES: readonly (readonly [RegExp, string])[] = [
  // Keys in PEM, in one line or many, or with their line breaks written as \n, as in JSON.
  [/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, HIDDEN],
  // Options of the agent, of whatever name: heartbeat_key, and whatever else is called so.
  [/^(\s*[\w-]*(?:key|passw(?:or)?d|passphrase|secret|token|community)[\w-]*\s*=\s*).+$/gim, `$1${HIDDEN}`],
  // The same with a colon, where numbers are figures: HAProxy's SslFrontendKeyRate is one.
  [
    /^(\s*[\w-]*(?:key|passw(?:or)?d|passphrase|secret|token|community)[\w-]*\s*:\s*)(?!\s*\d+$).+$/gim,
    `$1${HIDDEN}`,
  ],
  // The same in JSON.
  [
    /("[\w-]*(?:[_-]key|Key|[Pp]assw(?:or)?d|[Pp]assphrase|[Ss]ecret|[Tt]oken)"\s*:\s*)"(?:[^"\\]|\\.)*"/g,
    `$1"${HIDDEN}"`,
  ],
  // keepalived.conf(5): authentication of VRRP, of SMTP and of checks.
  [/^(\s*(?:auth_pass|password|smtp_password)\s+).+$/gim, `$1${HIDDEN}`],
  // haproxy.cfg: users, statistics, sticky cookies' keys, and what is sent or compared as a credential.
  [/^(\s*(?:stats auth|user \S+ (?:insecure-)?password)\s+).+$/gim, `$1${HIDDEN}`],
  [/(\bdynamic-cookie-key\s+)\S+/gi, `$1${HIDDEN}`],
  [
    /(\b(?:req|res|capture)[\w.]*\.?(?:cook|scook)[\w.]*\([^)]*\).*?(?:-m\s+\w+|-f|--)?\s+).+$/gim,
    `$1${HIDDEN}`,
  ],
  [
    /(\b(?:set-header|add-header|replace-header|hdr)\s+"?(?:[\w-]*(?:auth|cookie|token|key|secret)[\w-]*)"?\s+).+$/gim,
    `$1${HIDDEN}`,
  ],
  [
    /(\bhdr[\w.]*\((?:[\w-]*(?:auth|cookie|token|key|secret)[\w-]*)[^)]*\).*?\s(?:-m\s+\w+\s+)?).+$/gim,
    `$1${HIDDEN}`,
  ],
  // Headers of requests and answers, wherever they are quoted.
  [
    /\b((?:set-)?cookie|(?:proxy-)?authorization|x-[\w-]*(?:token|key|auth)[\w-]*)(\s*[:=]\s*)[^\r\n"]+/gi,
    `$1$2${HIDDEN}`,
  ],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/._~-]{8,}=*/g, `$1 ${HIDDEN}`],
  // URLs with a user's password.
  [/(\w+:\/\/[^\s:@/]+:)[^\s@/]+@/g, `$1${HIDDEN}@`],
];

/**
 * Rather takes out too much than too little.
 * @param known - secrets that are known by their value, such as the heartbeat key
 */
export function redact(text: string, known: readonly string[]): string {
  const byValue = known
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
  return RULES.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), byValue);
}
