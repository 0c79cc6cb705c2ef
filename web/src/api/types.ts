// The shapes of the HTTP API that the console uses, by shorter names. They are
// generated from docs/openapi.yaml: `npm run types`.
import type { components, operations } from "./schema.gen.ts";

type Schemas = components["schemas"];

/** What an operation of the API answers when it succeeds. */
export type Answer<Op extends keyof operations> = Parsed<JsonOf<Succeeded<operations[Op]["responses"]>>>;

/** The body that an operation of the API takes. */
export type Body<Op extends keyof operations> = operations[Op] extends { requestBody?: infer B } ? JsonOf<NonNullable<B>> : never;

type Succeeded<R> = R extends { 200: infer A } ? A : R extends { 201: infer A } ? A : never;
type JsonOf<A> = A extends { content: { "application/json": infer T } } ? T : never;

/** A JSON value of unknown shape, such as a body that a client sent. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

// The description leaves open what a body holds; it arrived as JSON in any case.
type Parsed<T> = unknown extends T ? Json : T extends object ? { [K in keyof T]: Parsed<T[K]> } : T;

export type Session = Schemas["Session"];
export type Provider = Schemas["Provider"];
export type ProviderField = Provider["fields"][number];
/** One fault at one place of what was sent; path is as in "config.targets[0].weight". */
export type Problem = Schemas["Problem"];

export type ConfigItem = Schemas["Config"];
/** A config with the text of one version. */
export type Config = Schemas["ConfigDetail"];

export type VirtualKey = Parsed<Schemas["VirtualKey"]>;
export type ApiKey = Schemas["ApiKey"];
export type ApiKeyType = ApiKey["type"];
/** The only answer that carries an API key in clear. */
export type NewApiKey = Answer<"createWorkspaceServiceKey">;

export type LogState = Schemas["LogStatus"];
/** One request, as a row of the log. */
export type LogRow = Schemas["Log"];
export type LogPage = Answer<"listLogs">;
export type LogDetail = Parsed<Schemas["LogDetail"]>;
export type CostReceipt = Schemas["CostReceipt"];
export type CostLine = Schemas["CostLine"];
export type Attempt = Parsed<Schemas["LogAttempt"]>;
export type Decision = Schemas["LogDecision"];
export type Receipt = Schemas["LogReceipt"];
export type Feedback = Parsed<Schemas["Feedback"]>;
export type FeedbackPage = { total: number; data: Feedback[]; next: string };
export type TraceRow = Schemas["TraceSummary"];
export type TracePage = Answer<"listTraces">;
export type Trace = Parsed<Schemas["Trace"]>;
export type Span = Parsed<Schemas["Span"]>;
export type SavedFilter = Parsed<Schemas["SavedFilter"]>;
export type LogExport = Parsed<Schemas["Export"]>;
export type Logging = Answer<"getLogging">;
