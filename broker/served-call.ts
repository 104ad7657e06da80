// The way out: a request from the call of its handler until its answer is in its slot. (The way in: dispatch.ts.)
//
//   handler ──► answer ──► throttle time ──► errors counted ──► encoded ──► size, time counted, logged ──► slot
//                          while a quota is set                                                             └─ muted
//
// `ServedCall` is what the handler is given: it tells who asks, and ends once, by an answer, by none (acks=0) or by the
// end of the connection; it is counted in each case. One object a request, without promise or closure. What nobody has
// asked for, quotas and the request log, costs one look at a boolean each. Source: RequestHandlerHelper,
// RequestChannel.Request.

import { type Api, apis } from '../protocol/apis.ts'
import { errorName } from '../protocol/error-codes.ts'
import { type RequestHeader, ResponseHeader } from '../protocol/messages/headers.ts'
import type { Writer } from '../protocol/writer.ts'
import { NOT_THROTTLED, type RequestContext } from './handlers/handler.ts'
import { ErrorCounts } from './metrics/error-counts.ts'
import type { ApiMetrics } from './metrics/request-metrics.ts'
import type { AnswerSlot, Peer } from './network/dispatcher.ts'
import { LARGE_REQUEST_SIZE } from './network/large-requests.ts'
import { type QuotaClient, quotaClient } from './quotas/client-quota.ts'
import type { Services } from './services.ts'

const SIZE_LENGTH = 4
const NOTHING: readonly Uint8Array[] = []
const LIKE_REQUEST = 1.25

/** What is asked for, and where that is counted. */
export interface CountedApi {
  readonly api: Api
  readonly metrics: ApiMetrics
}

/** What is known of a connection beyond its addresses; it grows by ApiVersions, later by authentication. */
export interface Session {
  readonly principal: string
  clientSoftwareName: string
  clientSoftwareVersion: string
  /** Of the last request, which is the only one that may be parked: others start when it is answered. */
  onDisconnect: (() => void) | null
  /** Requests that are not answered; those of a connection that is gone never may be. */
  inFlight: number
  isGone: boolean
}

export class ServedCall implements RequestContext {
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
    { api, metrics }: CountedApi,
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
    const chunks = encodeAnswer(this.#writer, api, apiVersion, this.#header.correlationId, response, expectedSize)
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

/**
 * What was named in a large request is named in its answer; but nothing is of what was produced, and each time that
 * memory would cost 60 µs, most of it to collect it. 0: like most.
 */
export function expectedAnswerSize(api: Api, requestSize: number): number {
  if (requestSize < LARGE_REQUEST_SIZE || api.key === apis.Produce.key) return 0
  return Math.ceil(requestSize * LIKE_REQUEST)
}

/** The answer with its size prefix, which is the writer's own bytes and no chunk to itself. */
export function encodeAnswer(
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
