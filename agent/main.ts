/** Composition root of the daemon: builds the parts, starts them in order, stops them in reverse. */
import { lookup } from "node:dns/promises";
import { dirname } from "node:path";
import process from "node:process";
import { type ApiServer, startServer } from "./api/server.ts";
import type { Agent } from "./api/types.ts";
import { type ConfigChange, ConfigInForce, loadConfig, requireAmphoraId } from "./config/load.ts";
import { PLUGGED_INTERFACES_FILE, SYSLOG_SOCKET, UNIT_DIRECTORY } from "./config/paths.ts";
import type { Config } from "./config/types.ts";
import { asError } from "./errors.ts";
import { createHealing, type Healing } from "./healing/activation.ts";
import { createHeartbeat, type Heartbeat } from "./heartbeat/heartbeat.ts";
import { type LvsSource, withLvs } from "./heartbeat/lvs-source.ts";
import { createIdentity } from "./identity.ts";
import { createCertificates } from "./loadbalancer/certificates.ts";
import { hasExporter } from "./loadbalancer/exporter.ts";
import { createInstances } from "./loadbalancer/instances.ts";
import { createLoadBalancers } from "./loadbalancer/load-balancers.ts";
import { createStatsReader, type StatsReader } from "./loadbalancer/read-stats.ts";
import type { LoadBalancers } from "./loadbalancer/types.ts";
import { lvsDirectory } from "./lvs/layout.ts";
import { listLvsListeners } from "./lvs/list.ts";
import { createLvsListeners } from "./lvs/lvs-listeners.ts";
import { createMetrics, type Metrics } from "./metrics/activation.ts";
import { createNetwork } from "./network/network.ts";
import type { Network } from "./network/types.ts";
import { ownProgram } from "./package-files.ts";
import { Counters } from "./status/counters.ts";
import type { AgentReport } from "./status/facts.ts";
import { laterFigures } from "./status/later-figures.ts";
import { openLocalSocket, reportOfProcess } from "./status/local-socket.ts";
import { chooseSupervisor, createSupervisor } from "./supervisor/choose.ts";
import { Exclusive } from "./supervisor/exclusive.ts";
import type { Supervisor } from "./supervisor/types.ts";
import type { Watchdog } from "./supervisor/watchdog.ts";
import { openWatchdog } from "./supervisor/watchdog-activation.ts";
import { systemClock } from "./system/clock.ts";
import { type Names, replaceFile } from "./system/files.ts";
import { removeLeftovers } from "./system/leftovers.ts";
import { createLogger, type Logger, setDebug } from "./system/logger.ts";
import { createMachine } from "./system/machine.ts";
import { collectGarbage, createMemoryTidier, type MemoryTidier } from "./system/memory.ts";
import { compileSparingly } from "./system/optimisation.ts";
import { openPackageDatabase } from "./system/packages.ts";
import { run, tryRun } from "./system/run.ts";
import { openSyslog, type SyslogStream, syslogFacility } from "./system/syslog.ts";
import { createUdpSender } from "./system/udp.ts";
import type { UnixServer } from "./system/unix-server.ts";
import { watchDirectory } from "./system/watched-directory.ts";
import { programVersion } from "./versions.ts";
import { createVrrpChecks } from "./vrrp/checks.ts";
import { createVrrpRoles } from "./vrrp/roles.ts";
import type { Vrrp, VrrpChecks, VrrpRoles } from "./vrrp/types.ts";
import { createVrrp } from "./vrrp/vrrp.ts";

const FAILED = 1;
const HEALING_DELAY_MS = 5_000;

/**
 * Runs the daemon until SIGTERM or SIGINT.
 * @param configFiles - values of `--config-file`; without any, upstream's places are searched
 * @returns the exit code
 */
export async function runAgent(configFiles: readonly string[]): Promise<number> {
  compileSparingly();
  const loaded = await loadConfig(configFiles);
  requireAmphoraId(loaded.config);
  const config = new ConfigInForce(loaded);
  const { logger, syslog } = await openLog(loaded.config);
  for (const warning of loaded.warnings)
    logger.warn({ event: "config.option.unknown", warning }, "unknown option");
  const stopped = stopRequested();
  try {
    const daemon = await startDaemon(config, logger);
    logger.info({ event: "agent.start.done", port: daemon.server.address.port }, "agent ready");
    const reason = await stopped;
    logger.info({ event: "agent.stop.started", reason }, "agent stopping");
    await stopDaemon(daemon);
    logger.info({ event: "agent.stop.done" }, "agent stopped; load balancers go on");
    return 0;
  } catch (error) {
    logger.fatal({ event: "agent.run.failed", err: asError(error) }, "agent cannot go on");
    return FAILED;
  } finally {
    logger.flush();
    syslog?.close();
  }
}

interface Daemon {
  readonly server: ApiServer;
  readonly heartbeat: Heartbeat;
  readonly supervisor: Supervisor;
  readonly network: Network;
  readonly metrics: Metrics;
  readonly vrrpRoles: VrrpRoles;
  readonly tidier: MemoryTidier;
  /** Undefined when no service manager wants to hear of us. */
  readonly watchdog: Watchdog | undefined;
  /** Undefined when it could not be opened. */
  readonly socket: UnixServer | undefined;
  readonly resumed: Promise<void>;
  readonly endHealing: () => Promise<void>;
}

async function startDaemon(config: ConfigInForce, logger: Logger): Promise<Daemon> {
  const { basePath, baseCertDir, haproxyCmd } = config.current;
  await tidyUp(config.current, logger);
  const packages = await openPackageDatabase(run);
  const exclusive = new Exclusive();
  let healing: Healing | undefined;
  const network = createNetwork({
    config: () => config.current,
    run: tryRun,
    replaceFile,
    exclusive,
    logger: logger.child({ component: "network" }),
    residents: async () => (await import("./supervisor/keeper.ts")).runningServices(basePath, haproxyCmd),
    plugged: () => healing?.refresh(),
  });
  const kind = await chooseSupervisor(config.current);
  const supervisor = createSupervisor(kind, {
    basePath,
    haproxyCmd,
    limits: config.current,
    logFacility: config.current.administrativeLogFacility,
    program: ownProgram(),
    prepareNamespace: () => network.ensureNamespace(),
    exclusive,
    logger: logger.child({ component: "supervisor" }),
  });
  const heartbeatLog = logger.child({ component: "heartbeat" });
  // Heartbeats themselves rewrite the counters all the time.
  const isCounters = (name: string) => name.startsWith("stats_counters.json");
  const { names } = watchDirectory(basePath, isCounters, heartbeatLog);
  const stats = createStatsReader(() => basePath);
  const heartbeat = startHeartbeat(config, stats, names, heartbeatLog);
  let server: ApiServer | undefined;
  const counters = new Counters();
  const figures = laterFigures({
    config: () => config.current,
    supervisor: kind,
    counts: () => {
      const { sent, failed, overrun: late, lastSentAt } = heartbeat.status();
      return { ...counters, heartbeats: { sent, failed, late, lastSentAt }, healing: healing?.status() };
    },
    vrrp: () => vrrpRoles.current(),
    clock: systemClock,
  });
  const metrics = createMetrics({
    isWanted: () => hasExporter(basePath),
    open: async (log, onLost) => {
      const { openEndpoint } = await import("./metrics/endpoint.ts");
      return openEndpoint(log, onLost, figures);
    },
    clock: systemClock,
    log: logger.child({ component: "metrics" }),
  });
  metrics.refresh();
  const { vrrpChecks, vrrpRoles, ...services } = createServices(config, {
    supervisor,
    exclusive,
    network,
    stats,
    changed: () => {
      metrics.refresh();
      healing?.refresh();
    },
    counters,
    logger,
  });
  const report = async (): Promise<AgentReport> => {
    const [version, vrrp] = await Promise.all([programVersion(), vrrpRoles.current()]);
    const { files: configFiles } = config;
    const repairs = healing?.status();
    return {
      ...reportOfProcess(heartbeat.status()),
      version,
      supervisor: kind,
      configFiles,
      ...(vrrp && { vrrp }),
      ...(repairs && { healing: repairs }),
    };
  };
  const agent: Agent = {
    ...services,
    instances: createInstances({ basePath, haproxyCmd }),
    certificates: createCertificates({ directory: baseCertDir, exclusive }),
    network,
    machine: createMachine(packages),
    figures: () => figures(),
    // One at a time: who asks again while it is made shall not make it slower.
    diagnostics: () =>
      exclusive.run("diagnostics", async () =>
        (await import("./diagnostics.ts")).readDiagnostics(config.files),
      ),
    status: async () => (await import("./status/own-status.ts")).readOwnStatus(config.current, report),
    identity: createIdentity({
      config,
      replaceFile,
      exclusive,
      logger: logger.child({ component: "identity" }),
      certificateReplaced: async () => server?.reloadIdentity(),
      configReplaced: (change) => applyConfig(change, logger, heartbeat),
    }),
  };
  healing = createHealing({
    isWanted: () => network.hasPorts(),
    open: async () =>
      (await import("./self-healing.ts")).openSelfHealing({
        basePath,
        haproxyCmd,
        amphoraId: () => config.current.amphoraId,
        network,
        supervisor,
        supervisorKind: kind,
        vrrp: services.vrrp,
        exclusive,
        logger: logger.child({ component: "healing" }),
      }),
    logger: logger.child({ component: "healing" }),
  });
  await network.writeLoopbackFile();
  const tidier = createMemoryTidier(systemClock, collectGarbage);
  server = await startServer({
    config: config.current,
    agent,
    logger: logger.child({ component: "api" }),
    onRequest: () => tidier.touched(),
    onAnswer: (status) => counters.answered(status),
  });
  tidier.touched();
  const socket = await openLocalSocket(report, logger);
  const resumed = resume({
    basePath,
    network: kind === "direct" ? network : undefined,
    supervisor,
    vrrpChecks,
    vrrpRoles,
    loadBalancers: services.loadBalancers,
    logger,
  });
  // What an earlier agent, or the namespace's unit, is still bringing up is nobody's damage.
  const cancelHealing = systemClock.after(HEALING_DELAY_MS, () => void resumed.then(healing.refresh));
  const watchdog = await openWatchdog({
    config: () => config.current,
    heartbeat: () => heartbeat.status(),
    clock: systemClock,
    logger: logger.child({ component: "watchdog" }),
  });
  return {
    server,
    heartbeat,
    supervisor,
    network,
    vrrpRoles,
    metrics,
    tidier,
    watchdog,
    socket,
    resumed,
    endHealing: () => {
      cancelHealing();
      return healing.close();
    },
  };
}

/** An earlier agent may have been killed in the middle of anything. */
async function tidyUp(config: Config, logger: Logger): Promise<void> {
  const { basePath, baseCertDir, file, agentServerCert, agentServerNetworkDir } = config;
  const flat = [file, agentServerCert, PLUGGED_INTERFACES_FILE].map(dirname);
  const places = { deep: [basePath, baseCertDir], flat: [...flat, agentServerNetworkDir, UNIT_DIRECTORY] };
  try {
    const files = await removeLeftovers(places, Date.now() - process.uptime() * 1_000);
    if (files.length > 0) {
      logger.info(
        { event: "agent.leftovers.removed", files },
        "deleted what a killed agent had not finished",
      );
    }
  } catch (error) {
    const fields = { event: "agent.leftovers.failed", err: asError(error) };
    logger.warn(fields, "what a killed agent had not finished stays");
  }
}

interface ServiceParts {
  readonly supervisor: Supervisor;
  readonly exclusive: Exclusive;
  readonly network: Network;
  readonly stats: StatsReader;
  /** To be called when there is another configuration, or one less. */
  readonly changed: () => void;
  readonly counters: Counters;
  readonly logger: Logger;
}

/** What the supervisor keeps running, as the API sees it; keepalived's checks look at the others. */
function createServices(
  config: ConfigInForce,
  { supervisor, exclusive, network, stats, changed, counters, logger }: ServiceParts,
): Pick<Agent, "loadBalancers" | "lvsListeners"> & {
  vrrp: Vrrp;
  vrrpChecks: VrrpChecks;
  vrrpRoles: VrrpRoles;
} {
  const { basePath, baseCertDir, haproxyCmd } = config.current;
  const vrrpLogger = logger.child({ component: "vrrp" });
  const vrrpRoles = createVrrpRoles(basePath, vrrpLogger);
  const vrrpChecks = createVrrpChecks({
    basePath,
    lvsDirectory: lvsDirectory(basePath),
    checked: async () => ({
      sockets: await loadBalancers.wantedSockets(),
      hasLvsListeners: (await listLvsListeners(basePath)).length > 0,
    }),
    exclusive,
    logger: vrrpLogger,
  });
  const shared = {
    basePath,
    topology: () => config.current.topology,
    supervisor,
    exclusive,
    vrrpChecks,
    changed,
    advertise: (addresses: readonly string[]) => network.advertise(addresses),
  };
  const loadBalancers = createLoadBalancers({
    ...shared,
    haproxyCmd,
    limits: config.current,
    certDirectory: baseCertDir,
    replacing: (id) => stats.hold(id),
    replaced: (id) => stats.replaced(id),
    changeMade: (how) => counters.changed(how),
    leaving: (id, servers) => stats.leave(id, servers),
    logger: logger.child({ component: "loadbalancer" }),
  });
  return {
    loadBalancers,
    lvsListeners: createLvsListeners({ ...shared, logger: logger.child({ component: "lvs" }) }),
    vrrp: createVrrp({
      basePath,
      supervisor,
      checks: vrrpChecks,
      roles: vrrpRoles,
      changed,
      exclusive,
      logger: vrrpLogger,
    }),
    vrrpChecks,
    vrrpRoles,
  };
}

interface ResumeParts {
  readonly basePath: string;
  /** Undefined where somebody else restores it. */
  readonly network: Network | undefined;
  readonly supervisor: Supervisor;
  readonly vrrpChecks: VrrpChecks;
  readonly vrrpRoles: VrrpRoles;
  readonly loadBalancers: LoadBalancers;
  readonly logger: Logger;
}

/** What was running before this start runs again; the API answers meanwhile. */
async function resume(parts: ResumeParts): Promise<void> {
  const { basePath, network, supervisor, vrrpChecks, vrrpRoles, loadBalancers, logger } = parts;
  try {
    // Under systemd a unit of its own does this, before HAProxy's.
    await network?.restore();
    if (network) await (await import("./loadbalancer/partial.ts")).choosePartials({ basePath, logger });
    // keepalived is started with a file of the agent's own.
    await vrrpRoles.resume();
    await supervisor.resume();
    // A stopped load balancer that a reboot has started is to be looked at again.
    await vrrpChecks.updateIfUsed();
    await loadBalancers.resume();
  } catch (error) {
    logger.error(
      { event: "agent.resume.failed", err: asError(error) },
      "not everything runs that ran before",
    );
  }
}

async function stopDaemon({
  server,
  heartbeat,
  supervisor,
  network,
  metrics,
  vrrpRoles,
  tidier,
  watchdog,
  socket,
  resumed,
  endHealing,
}: Daemon): Promise<void> {
  await watchdog?.close();
  tidier.close();
  await socket?.close();
  await server.stop();
  await resumed;
  await endHealing();
  await metrics.close();
  vrrpRoles.close();
  await supervisor.close();
  await network.idle();
  await heartbeat.stop();
}

function startHeartbeat(
  config: ConfigInForce,
  stats: StatsReader,
  names: () => Names | Promise<Names>,
  log: Logger,
): Heartbeat {
  const { basePath } = config.current;
  const heartbeat = createHeartbeat({
    config: () => config.current,
    stats: withLvs(stats, () => openLvsStatistics(basePath, log)),
    names,
    sender: createUdpSender(),
    lookup: async (host) => (await lookup(host)).address,
    signal: (pid, signal) => process.kill(pid, signal),
    clock: systemClock,
    log,
  });
  heartbeat.start();
  return heartbeat;
}

async function openLvsStatistics(basePath: string, log: Logger): Promise<LvsSource> {
  const [{ LvsStatistics }, { createKernelReader }, { lvsDirectory }] = await Promise.all([
    import("./lvs/read-statistics.ts"),
    import("./lvs/read-kernel.ts"),
    import("./lvs/layout.ts"),
  ]);
  // What keepalived prints changes nothing that a heartbeat says.
  const { names } = watchDirectory(lvsDirectory(basePath), (name) => name.endsWith(".out"), log);
  return new LvsStatistics({ basePath, names, readKernel: createKernelReader(run) });
}

function applyConfig({ config }: ConfigChange, logger: Logger, heartbeat: Heartbeat): void {
  setDebug(logger, config.debug);
  heartbeat.reconfigured();
}

async function openLog(config: Config): Promise<{ logger: Logger; syslog: SyslogStream | undefined }> {
  const facility = syslogFacility(config.syslogLogFacility, config.administrativeLogFacility);
  const syslog = config.useSyslog
    ? openSyslog({ facility, socket: SYSLOG_SOCKET, tag: "amphora-agent" })
    : undefined;
  const logger = await createLogger({
    debug: config.debug,
    pretty: process.stdout.isTTY,
    also: syslog ? [syslog] : [],
  });
  return { logger, syslog };
}

/** Settles with the first signal that asks the daemon to end; a second one ends it at once. */
function stopRequested(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let isRequested = false;
  const request = (signal: string): void => {
    if (isRequested) process.exit(FAILED);
    isRequested = true;
    resolve(signal);
  };
  // Not `once`: execa, which listens too while a program runs, ends the process when it finds nobody else listening.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, request);
  return promise;
}
