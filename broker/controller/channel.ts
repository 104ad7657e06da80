// The way from a broker to the active controller: Kafka's own broker-to-controller requests, as objects. In one process
// the calls skip the socket; over a network the same interface will encode them.

import type { Host } from '../../host/host.ts'
import type { RequestInputOf, RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import type { Controller, DecidedApi } from './controller.ts'
import { fetchMetadataLog, fetchSnapshot } from './log-fetch.ts'

export interface ControllerChannel {
  /** Node of the controller that requests go to; -1: unknown. */
  readonly controllerId: number
  /**
   * Offset up to which the metadata log is committed: where a broker's image must be to have seen an answer's effect.
   */
  readonly committedOffset: number
  /**
   * @throws {NotCommitted} when what the request asked for has not become durable, or it is not known whether it has.
   */
  send<Name extends DecidedApi>(name: Name, request: RequestOf<Name>): Promise<ResponseInputOf<Name>>
  fetch(request: RequestInputOf<'Fetch'>): Promise<ResponseInputOf<'Fetch'>>
  fetchSnapshot(request: RequestInputOf<'FetchSnapshot'>): Promise<ResponseInputOf<'FetchSnapshot'>>
}

export class LocalChannel implements ControllerChannel {
  readonly #host: Host
  readonly #controller: Controller

  constructor(host: Host, controller: Controller) {
    this.#host = host
    this.#controller = controller
  }

  get controllerId(): number {
    return this.#controller.quorum.nodeId
  }

  get committedOffset(): number {
    return this.#controller.quorum.highWatermark - 1
  }

  send<Name extends DecidedApi>(name: Name, request: RequestOf<Name>): Promise<ResponseInputOf<Name>> {
    return this.#controller.send(name, request)
  }

  fetch(request: RequestInputOf<'Fetch'>): Promise<ResponseInputOf<'Fetch'>> {
    return fetchMetadataLog(this.#host, this.#controller, request)
  }

  async fetchSnapshot(request: RequestInputOf<'FetchSnapshot'>): Promise<ResponseInputOf<'FetchSnapshot'>> {
    return fetchSnapshot(this.#controller, request)
  }
}
