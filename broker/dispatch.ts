// From a frame to an answer: header → API and version → decode → handler → encode.
//
// A request that cannot be answered in its own words closes its connection, as in Apache Kafka: an unknown API, a
// version that is not served, bytes that do not decode. The exception is ApiVersions (KIP-511): whatever version a
// client tries first, it is told in version 0 which versions we have.

import type { Logger } from '../host/host.ts'
import { type Api, apiByKey, apis } from '../protocol/apis.ts'
import { ErrorCode, errorName } from '../protocol/error-codes.ts'
import { MalformedRequest } from '../protocol/errors.ts'
import { RequestHeader, ResponseHeader } from '../protocol/messages/headers.ts'
import { Reader } from '../protocol/reader.ts'
import { Writer } from '../protocol/writer.ts'
import { type HandlerRow, NOT_THROTTLED, type RequestContext, servedVersions } from './handlers/handler.ts'
import { ErrorCounts } from './metrics/error-counts.ts'
import type { ApiMetrics } from './metrics/request-metrics.ts'
import type { AnswerSlot, Dispatcher, Peer } from './network/dispatcher.ts'
import { LARGE_REQUEST_SIZE } from './network/large-requests.ts'
import { type QuotaClient, quotaClient } from './quotas/client-quota.ts'
import type { Services } from './services.ts'

const ANONYMOUS = 'User:ANONYMOUS'
const SIZE_LENGTH = 4
const NOTHING: readonly Uint8Array[] = []
/** Answers are written one behind the other into memory of this size, which goes when the last of them is sent. */
const ANSWER_MEMORY_SIZE = 16 * 1024
const LIKE_REQUEST = 1.25

interface Route {
  readonly api: Api
  readonly row: HandlerRow
  readonly minVersion: number
  readonly maxVersion: number
  readonly metrics: ApiMetrics
}

/** What is known of a connection beyond its addresses; it grows by ApiVersions, later by authentication. */
interface Session {
  readonly principal: string
  clientSoftwareName: string
  clientSoftwareVersion: string
  /** Of the last request, which is the only one that may be parked: others start when it is answered. */
  onDisconnect: (() => void) | null
  /** Requests that are not answered; those of a connection that is gone never may be. */
  inFlight: number
  isGone: boolean
}

export class Dispatch implements Dispatcher {
  readonly #services: Services
  readonly #logger: Logger
  readonly #routes: (Route | undefined)[] = []
  readonly #sessions = new Map<number, Session>()
  /** Of all requests and answers: they are decoded and encoded one at a time. */
  readonly #reader = new Reader(new Uint8Array(0))
  readonly #writer = new Writer(ANSWER_MEMORY_SIZE)

  constructor(services: Services, rows: readonly HandlerRow[]) {
    this.#services = services
    this.#logger = services.host.logger
    for (const row of rows) {
      const { minVersion, maxVersion } = servedVersions(row)
      const api: Api = apis[row.name]
      const metrics = services.requestMetrics.of(api, minVersion, maxVersion)
      this.#routes[api.key] = { api, row, minVersion, maxVersion, metrics }
    }
  }

  /** Produce alone: it is ordered by its append, which happens at once, and waits only for the disk. */
  mayOverlap(frame: Uint8Array): boolean {
    return frame.length >= 2 && frame[0] === 0 && frame[1] === apis.Produce.key
  }

  forget(peer: Peer): void {
    const session = this.#sessions.get(peer.connectionId)
    this.#sessions.delete(peer.connectionId)
    if (session !== undefined) {
      session.isGone = true
      this.#services.requestMetrics.inFlight -= session.inFlight
    }
    session?.onDisconnect?.()
    this.#services.telemetry.onDisconnect(peer.connectionId)
    this.#services.shares.onConnectionLost(peer.connectionId)
  }

  dispatch(frame: Uint8Array, peer: Peer, slot: AnswerSlot): void {
    try {
      this.#dispatch(frame, peer, slot)
    } catch (error) {
      if (!(error instanceof MalformedRequest)) throw error
      slot.reply({ close: `malformed request: ${error.message}` })
    }
  }

  #dispatch(frame: Uint8Array, peer: Peer, slot: AnswerSlot): void {
    if (frame.length < 8) throw new MalformedRequest(`a frame of ${frame.length} bytes holds no request header`)
    const apiKey = (frame[0]! << 8) | frame[1]!
    const apiVersion = ((frame[2]! << 24) >> 16) | frame[3]!
    const route = this.#routes[apiKey]
    if (route === undefined) {
      slot.reply({ close: `unsupported API ${apiByKey(apiKey)?.name ?? apiKey}` })
      return
    }
    const { api } = route
    if (apiVersion < route.minVersion || apiVersion > route.maxVersion) {
      if (api.name === 'ApiVersions') this.#refuseApiVersions(frame, route, slot)
      else slot.reply({ close: `unsupported version ${apiVersion} of ${api.name}` })
      return
    }
    const reader = this.#reader
    reader.reset(frame)
    const header = RequestHeader.decode(reader, api.requestHeaderVersion(apiVersion))
    const request = api.request.decode(reader, apiVersion)
    const session = this.#session(peer)
    session.onDisconnect = null
    if (api.name === 'ApiVersions') noteSoftware(session, request)
    const call = new ServedCall(this.#services, this.#writer, route, header, peer, session, slot, frame.length)
    this.#handle(route.row, request, call)
    call.endTurn()
  }

  #handle(row: HandlerRow, request: unknown, call: ServedCall): void {
    // The rows' types tie request and response to the API's name; behind the table that tie is `never`.
    try {
      if (row.handleDeferred !== undefined) {
        row.handleDeferred(this.#services, request as never, call as never)
        return
      }
      const response = row.handle?.(this.#services, request as never, call)
      if (response instanceof Promise) this.#answerLater(response, call)
      else call.answerUnthrottled(response)
    } catch (error) {
      this.#onBug(call, error)
    }
  }

  #answerLater(response: Promise<unknown>, call: ServedCall): void {
    response.then((value) => call.answerUnthrottled(value)).catch((error) => this.#onBug(call, error))
  }

  #onBug(call: ServedCall, error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#logger.error('a handler failed; its connection is closed', {
      api: `${call.api.name} v${call.apiVersion}`,
      client: call.clientId,
      error: stack,
    })
    call.close()
  }

  #session(peer: Peer): Session {
    let session = this.#sessions.get(peer.connectionId)
    if (session === undefined) {
      session = {
        principal: ANONYMOUS,
        clientSoftwareName: '',
        clientSoftwareVersion: '',
        onDisconnect: null,
        inFlight: 0,
        isGone: false,
      }
      this.#sessions.set(peer.connectionId, session)
    }
    return session
  }

  #refuseApiVersions(frame: Uint8Array, { api, minVersion, maxVersion, metrics }: Route, slot: AnswerSlot): void {
    metrics.errors.add(ErrorCode.UNSUPPORTED_VERSION)
    const correlationId = new Reader(frame.subarray(4)).int32()
    const apiKeys = [{ apiKey: api.key, minVersion, maxVersion }]
    const response = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys }
    slot.reply(encode(this.#writer, apis.ApiVersions as Api, 0, correlationId, response))
  }
}

/** One request on its way: who asks, and where the answer goes. */
class ServedCall implements RequestContext {
  readonly api: Api
  readonly requestSize: number
  readonly #services: Services
  readonly #writer: Writer
  readonly #header: RequestHeader
  readonly #peer: Peer
  readonly #session: Session
  readonly #slot: AnswerSlot
  readonly #metrics: ApiMetrics
  /** Monotonic milliseconds. */
  readonly #startedAt: number
  /** How long its turn took, while a quota is set or requests are logged. */
  #spentMs = -1
  #requestThrottleMs = -1

  constructor(
    services: Services,
    writer: Writer,
    { api, metrics }: Route,
    header: RequestHeader,
    peer: Peer,
    session: Session,
    slot: AnswerSlot,
    requestSize: number,
  ) {
    this.api = api
    this.requestSize = requestSize
    this.#services = services
    this.#writer = writer
    this.#header = header
    this.#peer = peer
    this.#session = session
    this.#slot = slot
    this.#metrics = metrics
    this.#startedAt = services.host.clock.monotonic()
    services.requestMetrics.inFlight++
    session.inFlight++
    metrics.onRequest(header.requestApiVersion, SIZE_LENGTH + requestSize)
  }

  get apiVersion(): number {
    return this.#header.requestApiVersion
  }

  get clientId(): string | null {
    return this.#header.clientId
  }

  get clientSoftwareName(): string {
    return this.#session.clientSoftwareName
  }

  get clientSoftwareVersion(): string {
    return this.#session.clientSoftwareVersion
  }

  get clientHost(): string {
    return this.#peer.host
  }

  get clientPort(): number {
    return this.#peer.port
  }

  get principal(): string {
    return this.#session.principal
  }

  get listener(): string {
    return this.#peer.listener
  }

  get connectionId(): number {
    return this.#peer.connectionId
  }

  onDisconnect(run: () => void): void {
    this.#session.onDisconnect = run
  }

  get quotaClient(): QuotaClient {
    return quotaClient(this.#session.principal, this.#header.clientId)
  }

  answer(response: object): void {
    if (this.#services.quotas.isActive) this.#answerThrottled(response as { readonly throttleTimeMs?: number })
    else this.#reply(response)
  }

  #reply(response: object): void {
    this.#metrics.countErrors(this.apiVersion, response)
    const { api, apiVersion, requestSize } = this
    const expectedSize = expectedAnswerSize(api, requestSize)
    const chunks = encode(this.#writer, api, apiVersion, this.#header.correlationId, response, expectedSize)
    this.#count(chunks, response)
    this.#slot.reply(chunks)
  }

  #count(chunks: readonly Uint8Array[], response: object | null): void {
    const { requestMetrics, host } = this.#services
    let size = 0
    for (let index = 0; index < chunks.length; index++) size += chunks[index]!.length
    if (!this.#session.isGone) {
      this.#session.inFlight--
      requestMetrics.inFlight--
    }
    const ms = host.clock.monotonic() - this.#startedAt
    this.#metrics.onAnswer(ms, size)
    if (this.#services.requestLogger.isDebug) this.#log(response, ms, size)
  }

  /**
   * Times are named as in Kafka's request log: local is the handler's own turn, the rest what it waited for. No answer,
   * to acks=0 or before a connection is closed, has size 0.
   */
  #log(response: object | null, totalTimeMs: number, responseSize: number): void {
    const { api, apiVersion, clientId, clientHost, clientPort, listener, principal, requestSize } = this
    const { clientSoftwareName, clientSoftwareVersion } = this.#session
    this.#services.requestLogger.debug('request', {
      api: api.name,
      version: apiVersion,
      correlationId: this.#header.correlationId,
      clientId,
      software: clientSoftwareName === '' ? undefined : `${clientSoftwareName}/${clientSoftwareVersion}`,
      from: `${clientHost}:${clientPort}`,
      listener,
      principal,
      requestSize: SIZE_LENGTH + requestSize,
      responseSize,
      localTimeMs: roundedMs(this.#spentMs >= 0 ? this.#spentMs : totalTimeMs),
      totalTimeMs: roundedMs(totalTimeMs),
      ...(response === null ? {} : this.#answered(response)),
    })
  }

  #answered(response: object) {
    const counts = new ErrorCounts()
    this.#metrics.countErrors(this.apiVersion, response, counts)
    const errors = [...counts.others.keys()].map(errorName)
    return {
      throttleTimeMs: 'throttleTimeMs' in response ? response.throttleTimeMs : undefined,
      errors: errors.length === 0 ? undefined : errors.join(','),
    }
  }

  /** The longest of the times that quotas ask for is told, and then kept (KIP-219). */
  #answerThrottled(response: { readonly throttleTimeMs?: number }): void {
    const throttleTimeMs = Math.max(response.throttleTimeMs ?? NOT_THROTTLED, this.requestThrottleMs())
    this.#reply(throttleTimeMs === NOT_THROTTLED ? response : { ...response, throttleTimeMs })
    if (throttleTimeMs > NOT_THROTTLED) this.mute(throttleTimeMs)
  }

  requestThrottleMs(): number {
    if (this.#requestThrottleMs >= 0) return this.#requestThrottleMs
    const { quotas, host } = this.#services
    const spentMs = this.#spentMs >= 0 ? this.#spentMs : host.clock.monotonic() - this.#startedAt
    // Time of one thread, in percent of a second.
    this.#requestThrottleMs = quotas.request === null ? 0 : quotas.request.record(this.quotaClient, spentMs / 10)
    return this.#requestThrottleMs
  }

  /** The handler has returned; what it waits for is nobody's time. */
  endTurn(): void {
    const { quotas, host, requestLogger } = this.#services
    this.#spentMs = quotas.isActive || requestLogger.isDebug ? host.clock.monotonic() - this.#startedAt : 0
  }

  mute(ms: number): void {
    this.#metrics.throttled++
    this.#metrics.throttleMs += ms
    this.#slot.mute(ms)
  }

  answerUnthrottled(response: unknown): void {
    this.answer({ throttleTimeMs: NOT_THROTTLED, ...(response as object) })
  }

  answerNothing(): void {
    this.#count(NOTHING, null)
    this.#slot.reply(null)
  }

  close(): void {
    this.#metrics.closed++
    this.#count(NOTHING, null)
    this.#slot.reply({ close: null })
  }
}

function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function noteSoftware(session: Session, request: object): void {
  if ('clientSoftwareName' in request) session.clientSoftwareName = String(request.clientSoftwareName)
  if ('clientSoftwareVersion' in request) session.clientSoftwareVersion = String(request.clientSoftwareVersion)
}

/**
 * What was named in a large request is named in its answer; but nothing is of what was produced, and each time that
 * memory would cost 60 µs, most of it to collect it. 0: like most.
 */
export function expectedAnswerSize(api: Api, requestSize: number): number {
  if (requestSize < LARGE_REQUEST_SIZE || api.key === apis.Produce.key) return 0
  return Math.ceil(requestSize * LIKE_REQUEST)
}

/** The answer with its size prefix, which is the writer's own bytes and no chunk to itself. */
function encode(
  writer: Writer,
  api: Api,
  version: number,
  correlationId: number,
  response: unknown,
  expectedSize = 0,
): Uint8Array[] {
  writer.begin(expectedSize)
  writer.int32(0)
  ResponseHeader.encodeTo(writer, { correlationId }, api.responseHeaderVersion(version))
  api.response.encodeTo(writer, response as never, version)
  const size = writer.size - SIZE_LENGTH
  const chunks = writer.finish()
  const first = chunks[0]!
  first[0] = size >>> 24
  first[1] = size >>> 16
  first[2] = size >>> 8
  first[3] = size
  return chunks
}
