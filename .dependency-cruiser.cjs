// The direction of imports, enforced: see ARCHITECTURE.md, "Who may import whom".
const DOMAINS = "network|loadbalancer|vrrp|lvs|render|heartbeat|metrics";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "pure-stays-pure",
      severity: "error",
      comment:
        "plan, parse, encode, render and judge files compute; they never touch the host (commands have the names of their words)",
      from: { path: "/(plan|render|parse|encode|judge)[^/]*\\.ts$", pathNot: "^agent/cli/" },
      to: {
        path: "^agent/system/|^node:|^(fs|net|dgram|child_process)(/|$)|node_modules/(execa|pino)",
        pathNot: "^(node:)?(net|crypto|zlib)$",
      },
    },
    {
      name: "domains-are-islands",
      severity: "error",
      comment: "what two domains need together is joined in main.ts or supervisor/",
      from: { path: `^agent/(${DOMAINS})/` },
      to: {
        path: `^agent/(${DOMAINS}|supervisor|api|cli|sandbox)/`,
        pathNot: ["^agent/$1/", "/types\\.ts$"],
      },
    },
    {
      name: "what-is-looked-at-does-not-know-the-status",
      severity: "error",
      from: { path: `^agent/(${DOMAINS}|supervisor|system|config)/` },
      to: { path: "^agent/status/" },
    },
    {
      name: "the-status-serves-many",
      severity: "error",
      from: { path: "^agent/status/" },
      to: { path: "^agent/(api|cli|sandbox|main)" },
    },
    {
      name: "system-is-the-bottom",
      severity: "error",
      from: { path: "^agent/(system|config)/" },
      to: { path: `^agent/(${DOMAINS}|supervisor|api|cli|sandbox)/` },
    },
    {
      name: "healing-is-below-domains",
      severity: "error",
      comment: "it knows how to keep, not what is kept: agent/self-healing.ts joins the two",
      from: { path: "^agent/healing/" },
      to: { path: `^agent/(${DOMAINS}|supervisor|api|cli|sandbox)/` },
    },
    {
      name: "daemon-does-not-know-the-sandbox",
      severity: "error",
      from: { path: "^agent/", pathNot: "^agent/(sandbox|cli)/" },
      to: { path: "^agent/(sandbox|cli)/" },
    },
    {
      name: "only-system-touches-the-host",
      severity: "error",
      from: { path: "^agent/", pathNot: "^agent/(system|sandbox|api/server|config/load|package-files)" },
      to: { path: "^(node:)?(fs|fs/promises|child_process|dgram)$|node_modules/execa" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
