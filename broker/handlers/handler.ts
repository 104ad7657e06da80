// What a request handler is. One file an API; a handler turns a decoded request into an answer and holds no state of
// its own: state lives in replication, coordinator and controller, reached through Services.

import { type Api, type ApiName, apis, type RequestOf, type ResponseInputOf } from '../../protocol/apis.ts'
import type { QuotaClient } from '../quotas/client-quota.ts'
import type { ServedApi, Services } from '../services.ts'

/** Who asks, and in which words. */
export interface RequestContext {
  readonly apiVersion: number
  readonly clientId: string | null
  /** As the client named itself in ApiVersions; empty before. */
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
  /** The peer's address without port, as Kafka's tools print it. */
  readonly clientHost: string
  readonly clientPort: number
  /** `User:ANONYMOUS` while no authentication is configured. */
  readonly principal: string
  /** Name of the listener that the request came in by, e.g. PLAINTEXT. */
  readonly listener: string
  /** Identifies the connection while it is open; never reused in one process. */
  readonly connectionId: number
  /** Bytes of its frame. */
  readonly requestSize: number
  /** To whom quotas hold it. */
  readonly quotaClient: QuotaClient
  /** Called if the connection is lost before this request is answered: what only waits for it may be given up. */
  onDisconnect(run: () => void): void
}

/** Within all quotas; served-call.ts makes more of it when one is broken. */
export const NOT_THROTTLED = 0

/** A response without its throttle time, which served-call.ts fills in for all. */
export type Unthrottled<Response> = Omit<Response, 'throttleTimeMs'> & { readonly throttleTimeMs?: number }
export type AnswerOf<Name extends ApiName> = Unthrottled<ResponseInputOf<Name>>

/** A handler that answers at once or by promise. */
export type Handle<Name extends ApiName> = (
  services: Services,
  request: RequestOf<Name>,
  context: RequestContext,
) => AnswerOf<Name> | Promise<AnswerOf<Name>>

/** A request on the data plane, which ends by exactly one of these, now or later. */
export interface Call<Name extends ApiName> extends RequestContext {
  /** Encoded within the call. */
  answer(response: ResponseInputOf<Name>): void
  /** What the quota on the time of requests asks for; while a quota is set. Counted once, at the first look. */
  requestThrottleMs(): number
  /** Keeps the connection still: of requests that are not answered, or whose answers have no throttle time. */
  mute(ms: number): void
  /** Nothing is sent: Produce with acks=0. */
  answerNothing(): void
  /** The only way to tell a client of acks=0 that something is wrong. */
  close(): void
}

/** A handler on the data plane, without promises. */
export type HandleDeferred<Name extends ApiName> = (
  services: Services,
  request: RequestOf<Name>,
  call: Call<Name>,
) => void

export interface HandlerRow {
  readonly name: ApiName
  /** Versions served, when fewer than the protocol has. */
  readonly maxVersion?: number
  readonly handle?: (services: Services, request: never, context: RequestContext) => unknown
  readonly handleDeferred?: (services: Services, request: never, call: never) => void
}

export function handler<Name extends ApiName>(name: Name, handle: Handle<Name>): HandlerRow {
  return { name, handle }
}

export function deferredHandler<Name extends ApiName>(name: Name, handleDeferred: HandleDeferred<Name>): HandlerRow {
  return { name, handleDeferred }
}

/** The versions that a row serves: the protocol's, less an unstable latest one. */
export function servedVersions(row: HandlerRow): ServedApi {
  const api: Api = apis[row.name]
  const latest = api.latestVersionUnstable ? api.maxVersion - 1 : api.maxVersion
  const maxVersion = Math.min(latest, row.maxVersion ?? latest)
  return { apiKey: api.key, name: row.name, minVersion: api.minVersion, maxVersion }
}

/** What ApiVersions and the generated documentation list, by key. */
export function servedApis(rows: readonly HandlerRow[]): ServedApi[] {
  return rows.map(servedVersions).sort((a, b) => a.apiKey - b.apiKey)
}
