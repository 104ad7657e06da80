// What a request handler is. One file an API; a handler turns a decoded request into an answer and holds no state of its own:
// state lives in replication, coordinator and controller, reached through Services.

import type { ApiName, RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import type { Services } from '../services.ts'

/** Who asks, and in which words. */
export interface RequestContext {
  readonly apiVersion: number
  readonly clientId: string | null
  /** As the client named itself in ApiVersions; empty before. */
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
  /** The peer's address without port, as Kafka's tools print it. */
  readonly clientHost: string
  /** `User:ANONYMOUS` while no authentication is configured. */
  readonly principal: string
  /** Name of the listener that the request came in by, e.g. PLAINTEXT. */
  readonly listener: string
  /** Identifies the connection while it is open; never reused in one process. */
  readonly connectionId: number
}

/** A handler that answers at once or by promise. */
export type Handle<Name extends ApiName> = (
  services: Services,
  request: RequestOf<Name>,
  context: RequestContext,
) => ResponseInputOf<Name> | Promise<ResponseInputOf<Name>>

/**
 * A handler on the data plane: calls `reply` exactly once, now or later, without promises. null: nothing is sent (Produce with
 * acks=0). 'close': the connection is closed instead, which is the only way to tell a client of acks=0 that something is wrong.
 */
export type HandleDeferred<Name extends ApiName> = (
  services: Services,
  request: RequestOf<Name>,
  context: RequestContext,
  reply: (response: ResponseInputOf<Name> | null | 'close') => void,
) => void

export interface HandlerRow {
  readonly name: ApiName
  /** Versions served, when fewer than the protocol has. */
  readonly maxVersion?: number
  readonly handle?: (services: Services, request: never, context: RequestContext) => unknown
  readonly handleDeferred?: (
    services: Services,
    request: never,
    context: RequestContext,
    reply: (response: never) => void,
  ) => void
}

export function handler<Name extends ApiName>(name: Name, handle: Handle<Name>): HandlerRow {
  return { name, handle }
}

export function deferredHandler<Name extends ApiName>(name: Name, handleDeferred: HandleDeferred<Name>): HandlerRow {
  return { name, handleDeferred }
}
