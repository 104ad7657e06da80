// The channel of a broker whose controller is in its own process: calls instead of a socket.

import type { Host } from '../../host/host.ts'
import type { RequestInputOf, RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import type { ControllerApi, ControllerChannel, Mutations } from '../metadata/controller-channel.ts'
import type { Controller } from './controller.ts'
import { fetchMetadataLog, fetchSnapshot } from './log-fetch.ts'

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

  send<Name extends ControllerApi>(
    name: Name,
    request: RequestOf<Name>,
    mutations?: Mutations,
  ): Promise<ResponseInputOf<Name>> {
    return this.#controller.send(name, request, mutations)
  }

  fetch(request: RequestInputOf<'Fetch'>): Promise<ResponseInputOf<'Fetch'>> {
    return fetchMetadataLog(this.#host, this.#controller, request)
  }

  async fetchSnapshot(request: RequestInputOf<'FetchSnapshot'>): Promise<ResponseInputOf<'FetchSnapshot'>> {
    return fetchSnapshot(this.#controller, request)
  }
}
