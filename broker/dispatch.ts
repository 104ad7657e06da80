// The way in: from a frame to its handler. (The way out: served-call.ts.)
//
//   frame ──► API, version ──► header, request ──► ServedCall ──► handler ──► answers now, or later
//                  │                  │                              │
//              not served         malformed                        fails           each closes the connection
//
// A request that cannot be answered in its own words closes its connection, as in Apache Kafka: an unknown API, a
// version that is not served, bytes that do not decode. The exception is ApiVersions (KIP-511): whatever version a
// client tries first, it is told in version 0 which versions we have.
//
// This is one turn of plain calls. Handlers of the data plane are given the call itself (`handleDeferred`), and end it
// when they can; only the others may answer by promise.

import type { Logger } from '../host/host.ts'
import { type Api, apiByKey, apis } from '../protocol/apis.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import { MalformedRequest } from '../protocol/errors.ts'
import { RequestHeader } from '../protocol/messages/headers.ts'
import { Reader } from '../protocol/reader.ts'
import { Writer } from '../protocol/writer.ts'
import { type HandlerRow, servedVersions } from './handlers/handler.ts'
import type { AnswerSlot, Dispatcher, Peer } from './network/dispatcher.ts'
import { type CountedApi, encodeAnswer, ServedCall, type Session } from './served-call.ts'
import type { Services } from './services.ts'

const ANONYMOUS = 'User:ANONYMOUS'
/** Answers are written one behind the other into memory of this size, which goes when the last of them is sent. */
const ANSWER_MEMORY_SIZE = 16 * 1024

interface Route extends CountedApi {
  readonly row: HandlerRow
  readonly minVersion: number
  readonly maxVersion: number
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
    slot.reply(encodeAnswer(this.#writer, apis.ApiVersions as Api, 0, correlationId, response))
  }
}

function noteSoftware(session: Session, request: object): void {
  if ('clientSoftwareName' in request) session.clientSoftwareName = String(request.clientSoftwareName)
  if ('clientSoftwareVersion' in request) session.clientSoftwareVersion = String(request.clientSoftwareVersion)
}
