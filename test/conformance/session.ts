// One run of a scenario against one broker: it sends requests, goes on from what is answered, and keeps every answer
// under the request's label, to be compared with the other broker's.

import { type Api, type ApiName, apis, type RequestInputOf, type ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { Normaliser, type Plain } from './normalise.ts'
import { type Answer, Peer } from './peer.ts'

export type Scenario = (session: Session) => Promise<void>

/** Where a broker is reached, and its controller past it. */
export interface Endpoints {
  readonly bootstrap: string
  readonly controller: string
  /** Its log directory, where it can be read. */
  readonly dataDir: string | undefined
}

export interface Entry {
  readonly api: string
  readonly label: string
  readonly answer: Plain
}

/** Kafka, too, is slow on a machine that is. */
const settleMs = 30_000

export class Session {
  readonly transcript: Entry[] = []
  readonly #endpoints: Endpoints
  readonly #broker: Peer
  readonly #controller: Peer
  /** What the controller is asked; all else goes to the broker. */
  #ofController: ReadonlySet<string> = new Set()
  readonly #others: Peer[] = []
  readonly #normaliser: Normaliser

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints
    this.#broker = new Peer(endpoints.bootstrap)
    this.#controller = new Peer(endpoints.controller)
    this.#normaliser = new Normaliser(endpoints.bootstrap, endpoints.dataDir)
  }

  close(): void {
    for (const peer of [this.#broker, this.#controller, ...this.#others]) peer.close()
  }

  /** From here on these go to the controller, and so do connections of their own. */
  askController(names: readonly ApiName[]): void {
    this.#ofController = new Set(names)
  }

  get asksController(): boolean {
    return this.#ofController.size > 0
  }

  #peer(name: ApiName): Peer {
    return this.#ofController.has(name) ? this.#controller : this.#broker
  }

  /** Another connection of the same session, for requests that wait for each other. */
  connection(): Peer {
    const peer = new Peer(this.asksController ? this.#endpoints.controller : this.#endpoints.bootstrap)
    this.#others.push(peer)
    return peer
  }

  /** Undefined when the broker did not answer with a body; that is kept, too. */
  async ask<N extends ApiName>(
    label: string,
    name: N,
    version: number,
    body: RequestInputOf<N>,
    peer = this.#peer(name),
  ): Promise<ResponseOf<N> | undefined> {
    const answer = await peer.request(name, version, body)
    return this.#keep(`${label}, v${version}`, name, answer)
  }

  /** Asks until it holds, since a broker may take its time to make a change known; keeps the last answer. */
  async settled<N extends ApiName>(
    label: string,
    name: N,
    version: number,
    body: RequestInputOf<N>,
    holds: (body: ResponseOf<N>) => boolean,
  ): Promise<ResponseOf<N> | undefined> {
    const end = performance.now() + settleMs
    for (;;) {
      const answer = await this.#peer(name).request(name, version, body)
      if (performance.now() > end || answer.kind !== 'body' || holds(answer.body))
        return this.#keep(`${label}, v${version}`, name, answer)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  /** A request whose body is spelt out; after one that is not answered the connection is another. */
  async spelt(label: string, name: ApiName, version: number, body: Uint8Array): Promise<void> {
    const peer = this.#peer(name)
    const answer = await peer.requestSpelt(name, version, body, 3000)
    if (answer.kind !== 'body') peer.close()
    this.#keep(`${label}, v${version}`, name, answer, this.#normaliser.fork())
  }

  /** Any bytes, with any size before them. */
  async raw(label: string, api: string, bytes: (peer: Peer) => Uint8Array, size?: number): Promise<void> {
    const peer = this.connection()
    const answer = await peer.exchange(bytes(peer), size, 3000)
    this.#keep(label, api, answer)
    peer.close()
  }

  /** Part of the scene, not of the comparison: it must be answered. */
  async get<N extends ApiName>(
    name: N,
    version: number,
    body: RequestInputOf<N>,
    peer = this.#peer(name),
  ): Promise<ResponseOf<N>> {
    const answer = await peer.request(name, version, body)
    if (answer.kind !== 'body') throw new Error(`${name} v${version}: ${answer.kind}`)
    return answer.body
  }

  /** An answer that came while others were asked for. */
  note<N extends ApiName>(label: string, name: N, version: number, body: ResponseOf<N>): void {
    this.#keep(`${label}, v${version}`, name, { kind: 'body', body })
  }

  #keep<Body>(
    label: string,
    api: string,
    answer: Answer<Body>,
    normaliser: Normaliser = this.#normaliser,
  ): Body | undefined {
    const plain =
      answer.kind === 'body'
        ? normaliser.plain(answer.body)
        : { [answer.kind]: 'reason' in answer ? answer.reason : true }
    this.transcript.push({ api, label, answer: plain })
    return answer.kind === 'body' ? answer.body : undefined
  }

  /** Creates a topic and waits until the broker leads its partitions; returns its id. */
  async topic(name: string, partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const rows = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
    const topics = [{ name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: rows }]
    const created = await this.get('CreateTopics', 7, { topics, validateOnly: false })
    const code = created.topics[0]?.errorCode
    if (code !== ErrorCode.NONE) throw new Error(`creating ${name}: error code ${code}`)
    const end = performance.now() + settleMs
    for (;;) {
      // Known is not yet served: the partitions must answer, too.
      const body = await this.get('Metadata', 12, {
        topics: [{ name, topicId: ZERO_UUID }],
        allowAutoTopicCreation: false,
      })
      const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }))
      const offsets = await this.get('ListOffsets', 7, { replicaId: -1, topics: [{ name, partitions: asked }] })
      const rows = [...(body.topics[0]?.partitions ?? []), ...(offsets.topics[0]?.partitions ?? [])]
      if (rows.length === 2 * partitions && rows.every((row) => row.errorCode === ErrorCode.NONE)) {
        const { topicId } = body.topics[0]!
        this.#normaliser.plain({ topicId }) // the first topic has the first name, wherever its id will appear
        return topicId
      }
      if (performance.now() > end) throw new Error(`no leader for ${name}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  /** Until the group's coordinator can be asked. */
  async coordinator(group: string): Promise<void> {
    const end = performance.now() + settleMs
    for (;;) {
      const found = await this.get('FindCoordinator', 4, { keyType: 0, coordinatorKeys: [group] })
      const listed = await this.get('OffsetFetch', 7, { groupId: group, topics: null, requireStable: false })
      if (found.coordinators[0]?.errorCode === ErrorCode.NONE && listed.errorCode === ErrorCode.NONE) return
      if (performance.now() > end) throw new Error(`no coordinator for ${group}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Every stable version of an API, or those in a range. */
export function versionsOf(name: ApiName, first = 0, last = Number.POSITIVE_INFINITY): number[] {
  const api: Api = apis[name]
  const max = Math.min(last, api.latestVersionUnstable ? api.maxVersion - 1 : api.maxVersion)
  const min = Math.max(first, api.minVersion)
  return Array.from({ length: max - min + 1 }, (_, i) => min + i)
}

export { ZERO_UUID }
