/** The HTTP side of the API: from the route table to an Express application. */
import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type Request, type RequestHandler, type Response } from "express";
import { asError } from "../errors.ts";
import type { Logger } from "../system/logger.ts";
import { answer } from "./answer.ts";
import { BodyReader, BodyTooLargeError, type ReceivedBody } from "./body-reader.ts";
import { isDocument, renderBody } from "./document-body.ts";
import { badRequestReply, errorReply, frameworkReply } from "./error-mapper.ts";
import { Jobs } from "./jobs.ts";
import { type JsonBody, parseJsonBody } from "./json-body-parse.ts";
import { canonicalPath } from "./path.ts";
import { allowed, type Reply } from "./reply.ts";
import { limitProblem } from "./request-limits.ts";
import { logRequest } from "./request-log.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";
import type { Agent } from "./types.ts";

/** An amphora has 1 GB: four of the largest uploads at once, or ten usual ones. */
const TOTAL_BODY_BYTES = 32 * 1024 * 1024;
const VERB = { GET: "get", PUT: "put", POST: "post", DELETE: "delete" } as const;
const NO_BODY: ReceivedBody = { bytes: Buffer.alloc(0), release: () => undefined };

export interface Application {
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Resolves when no request's work is going on, late work included. */
  idle(): Promise<void>;
}

/** Told the status of each answer. */
export type OnAnswer = (status: number) => void;

/** Builds the application; it keeps no state but the bodies and the work of the requests that it serves. */
export function createApplication(agent: Agent, logger: Logger, onAnswer: OnAnswer): Application {
  const bodies = new BodyReader(TOTAL_BODY_BYTES);
  const jobs = new Jobs();
  const serve = (work: (request: Request) => Reply | Promise<Reply>) => handler(work, logger, onAnswer);
  const router = newRouter();

  router.use((request, response, next) => {
    const problem = limitProblem(request);
    if (problem === undefined) {
      request.url = canonicalPath(request.url);
      next();
    } else {
      void serve(() => badRequestReply(problem))(request, response, next);
    }
  });
  const addRoutes = (table: readonly Route[], target: express.Router) => {
    for (const route of table) {
      const work = (request: Request) => perform(route, request, { bodies, jobs, logger });
      target.route(route.path)[VERB[route.method]](serve(work));
    }
    const methodsOf = collectMethods(target, table);
    target.use(serve((request) => unmatchedReply(request.method, methodsOf(request))));
    return target;
  };
  const addLater = (prefix: string, load: () => Promise<readonly Route[]>) => {
    router.use(
      prefix,
      laterRouter(async () => addRoutes(await load(), newRouter())),
    );
  };
  // Few clouds are so old that they ask for 0.5, and no controller asks for what is our own.
  addLater("/0.5", async () => (await import("./legacy-routes.ts")).legacyRoutes(agent));
  addLater("/agent/v1", async () => (await import("./agent-routes.ts")).agentRoutes(agent));
  addRoutes(routes(agent), router);

  const app = express();
  app.disable("x-powered-by");
  app.use(router);
  return { listener: app, idle: () => jobs.idle() };
}

function newRouter(): express.Router {
  return express.Router({ strict: true, caseSensitive: true });
}

/** Built with the first request for it. */
function laterRouter(build: () => Promise<express.Router>): RequestHandler {
  let router: Promise<express.Router> | undefined;
  return async (request, response, next) => {
    router ??= build();
    (await router)(request, response, next);
  };
}

/** The one place where a request ends: in a reply, sent and logged, whatever happened. */
function handler(
  work: (request: Request) => Reply | Promise<Reply>,
  logger: Logger,
  onAnswer: OnAnswer,
): RequestHandler {
  return async (request: Request, response: Response) => {
    const started = performance.now();
    let failure: unknown;
    let reply: Reply;
    try {
      reply = await work(request);
    } catch (error) {
      failure = error;
      reply = errorReply(error);
    }
    answer(request, response, reply);
    onAnswer(reply.status);
    logRequest(logger, request, reply, { durationMs: performance.now() - started, failure });
  };
}

interface Resources {
  readonly bodies: BodyReader;
  readonly jobs: Jobs;
  readonly logger: Logger;
}

async function perform(route: Route, request: Request, resources: Resources): Promise<Reply> {
  const { jobs, logger } = resources;
  const { bytes, release, json } = await receive(route, request, resources);
  const param = (name: string) => pathSegment(request, name);
  const handle = async () => {
    const expected = isDocument(request.headers["content-type"]) ? route.document?.({ param }) : undefined;
    const config = expected === undefined ? bytes : await renderBody(bytes, expected);
    return route.answer({ param, bytes, config, json });
  };
  const work = handle().finally(release);
  const { method, originalUrl } = request;
  return jobs.within(route.deadline, work, (error) => {
    const fields = { method, path: originalUrl, ...(error !== undefined && { err: asError(error) }) };
    logger.warn({ event: "api.job.late", ...fields }, "work ended after its request was answered");
  });
}

async function receive(
  route: Route,
  request: Request,
  { bodies, logger }: Resources,
): Promise<ReceivedBody & { json?: unknown }> {
  if (route.body === "none") return NO_BODY;
  if (route.body === "raw") return bodies.read(request, route.limit);
  const { body, parsed } = await receiveJson(bodies, request, route.limit);
  if ("value" in parsed) return { ...body, json: parsed.value };
  logger.info({ event: "api.body.rejected", path: request.path, reason: parsed.problem }, "body not usable");
  return body;
}

/** A JSON body that cannot be used is none: the handler then answers with the words of its route. */
async function receiveJson(
  bodies: BodyReader,
  request: Request,
  limit: number,
): Promise<{ body: ReceivedBody; parsed: JsonBody }> {
  try {
    const body = await bodies.read(request, limit);
    return { body, parsed: parseJsonBody(request.headers["content-type"], body.bytes) };
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
    return { body: NO_BODY, parsed: { problem: error.details ?? error.message } };
  }
}

function pathSegment(request: Request, name: string): string {
  const value = request.params[name];
  if (typeof value !== "string") throw new Error(`the path of ${request.path} has no segment ${name}`);
  return value;
}

/** Adds rows that note which methods a path has, for requests that no row has taken. */
function collectMethods(
  router: express.Router,
  table: readonly Route[],
): (request: Request) => ReadonlySet<string> {
  const found = new WeakMap<Request, Set<string>>();
  for (const { path, method } of table) {
    router.route(path).all((request, _response, next) => {
      const methods = found.get(request) ?? new Set(["OPTIONS"]);
      for (const name of method === "GET" ? ["GET", "HEAD"] : [method]) methods.add(name);
      found.set(request, methods);
      next();
    });
  }
  return (request) => found.get(request) ?? new Set();
}

/** What no row takes: OPTIONS, a wrong method, or an unknown path. */
function unmatchedReply(method: string, methods: ReadonlySet<string>): Reply {
  if (methods.size === 0) return frameworkReply(404);
  return method === "OPTIONS" ? allowed(methods) : frameworkReply(405);
}
