// The active controller: takes requests one by one, has the pure part decide (the deciders below, a
// file a subject), appends the records to the quorum's log, replays them at once into its own image, and answers when
// they are committed. Brokers see what is committed only, by fetching the log.
//
//   request ──▶ decide(state, request) ──▶ records ──▶ quorum.append ──▶ replay ──▶ … committed ──▶ answer
//                  ▲                                                        │
//                  └────────────────────── image ◀──────────────────────────┘
//
// A broker is composed of it like this:
//
//   const quorum = LocalQuorum.open({ environment, directory, nodeId, directoryId, … })
//   const controller = new Controller({ host, quorum, clusterId, config: new BrokerConfig(properties) })
//   const channel = new LocalChannel(controller)                      services.controller
//   const metadata = new MetadataLoader({ host, channel, nodeId, … })  services.metadata
//   await metadata.start()                                            the image of all that was committed
//   const lifecycle = new BrokerLifecycle({ host, channel, metadata, … })
//   await lifecycle.start()                                           registered and unfenced

import type { Host, Timer } from '../../host/host.ts'
import { randomUuid } from '../../host/random-uuid.ts'
import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { type ControllerApi, type Mutations, NotCommitted } from '../metadata/controller-channel.ts'
import { MetadataImage } from '../metadata/image.ts'
import { type MetadataRecord, newRecord } from '../metadata/records.ts'
import { MetadataReplay } from '../metadata/replay.ts'
import { UNLIMITED } from '../quotas/mutation-quota.ts'
import { bootstrapRecords } from './bootstrap.ts'
import { brokerHeartbeat, fenceStale, registerBroker, unregisterBroker } from './brokers.ts'
import { alterClientQuotas } from './client-quotas.ts'
import { alterConfigs, incrementalAlterConfigs } from './configs.ts'
import type { ControllerState, Decision } from './decision.ts'
import { assignReplicasToDirs } from './directories.ts'
import { electLeaders } from './elections.ts'
import { updateFeatures } from './features.ts'
import { allocateProducerIds } from './producer-ids.ts'
import type { Quorum } from './quorum.ts'
import { addRaftVoter, describeQuorum, removeRaftVoter, unregisterController } from './quorum-requests.ts'
import { alterReassignments, listReassignments } from './reassignments.ts'
import { alterScramCredentials } from './scram.ts'
import { Sessions } from './sessions.ts'
import { Snapshotter } from './snapshotter.ts'
import { createPartitions, createTopics, deleteTopics } from './topics.ts'

const SESSION_CHECK_MS = 500

type Decide<Name extends ControllerApi> = (
  state: ControllerState,
  request: RequestOf<Name>,
) => Decision<ResponseInputOf<Name>>

const deciders: { readonly [Name in ControllerApi]: Decide<Name> } = {
  CreateTopics: createTopics,
  DeleteTopics: deleteTopics,
  CreatePartitions: createPartitions,
  AlterConfigs: alterConfigs,
  IncrementalAlterConfigs: incrementalAlterConfigs,
  BrokerRegistration: registerBroker,
  BrokerHeartbeat: brokerHeartbeat,
  AllocateProducerIds: allocateProducerIds,
  AssignReplicasToDirs: assignReplicasToDirs,
  UpdateFeatures: updateFeatures,
  ElectLeaders: electLeaders,
  AlterPartitionReassignments: alterReassignments,
  ListPartitionReassignments: listReassignments,
  DescribeQuorum: describeQuorum,
  AddRaftVoter: addRaftVoter,
  RemoveRaftVoter: removeRaftVoter,
  UnregisterController: unregisterController,
  UnregisterBroker: unregisterBroker,
  AlterClientQuotas: alterClientQuotas,
  AlterUserScramCredentials: alterScramCredentials,
}

interface Waiting {
  /** The answer leaves when the high watermark is above. */
  readonly offset: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export interface ControllerOptions {
  readonly host: Host
  readonly quorum: Quorum
  readonly clusterId: string
  /** The controller's own: it takes the dynamic values of the image as it is appended to, not as brokers see it. */
  readonly config: BrokerConfig
}

export class Controller {
  readonly quorum: Quorum
  readonly #host: Host
  readonly #clusterId: string
  readonly #config: BrokerConfig
  readonly #sessions: Sessions
  readonly #snapshotter: Snapshotter
  #replay: MetadataReplay
  /** Images after appends that are not committed, the last committed one before them. */
  #images: MetadataImage[] = []
  #waiting: Waiting[] = []
  readonly #commitListeners = new Set<() => void>()
  #timer: Timer | null = null
  #stopped: string | null = null

  constructor(options: ControllerOptions) {
    this.#host = options.host
    this.quorum = options.quorum
    this.#clusterId = options.clusterId
    this.#config = options.config
    this.#sessions = new Sessions(options.host.clock, () => this.#config.get('broker.session.timeout.ms'))
    this.#snapshotter = new Snapshotter(options.host, this.quorum, this.#config)
    this.#replay = new MetadataReplay(MetadataImage.empty)
    this.quorum.listener = {
      onCommit: () => this.#committed(),
      onFailed: (error, final) => this.#failed(error, final),
    }
    this.#load()
    this.#checkSessions()
  }

  /** All that was appended, committed or not. */
  get image(): MetadataImage {
    return this.#replay.image
  }

  /** @throws {NotCommitted} */
  async send<Name extends ControllerApi>(
    name: Name,
    request: RequestOf<Name>,
    mutations: Mutations = UNLIMITED,
  ): Promise<ResponseInputOf<Name>> {
    const decide: Decide<Name> = deciders[name]
    return this.#run((state) => decide(state, request), mutations)
  }

  /** Called whenever more is committed, until the returned function is called. */
  onCommit(listener: () => void): () => void {
    this.#commitListeners.add(listener)
    return () => this.#commitListeners.delete(listener)
  }

  get isStopped(): boolean {
    return this.#stopped !== null
  }

  /** What waits is refused. The quorum stays open. */
  close(): void {
    this.#stop('the controller is closed')
  }

  async #run<Answer>(
    decide: (state: ControllerState) => Decision<Answer>,
    mutations: Mutations = UNLIMITED,
  ): Promise<Answer> {
    if (this.#stopped !== null) throw new NotCommitted(this.#stopped)
    const { records, answer, divisible } = decide(this.#state(mutations))
    if (records.length > 0) this.#append(records, divisible ?? false)
    // Without records too: the answer may rest on what others have appended.
    await this.#whenCommitted(this.image.offset)
    return answer
  }

  #state(mutations: Mutations): ControllerState {
    return {
      image: this.image,
      nextOffset: this.quorum.logEndOffset,
      clusterId: this.#clusterId,
      config: this.#config,
      sessions: this.#sessions,
      quorum: this.quorum,
      mutations,
      now: this.#host.clock.now(),
      newUuid: () => randomUuid(this.#host.random),
      random: (below) => this.#host.random.below(below),
    }
  }

  #append(records: readonly MetadataRecord[], divisible: boolean): void {
    const before = this.image
    let lastOffset: number
    try {
      lastOffset = this.quorum.append(records, divisible)
    } catch (error) {
      // Of several batches some may be in the log.
      this.#catchUp()
      throw error
    }
    if (this.#images.length === 0) this.#images.push(before)
    const now = this.#host.clock.now()
    this.#replay.addRecords(records, lastOffset, this.quorum.leaderEpoch, now)
    const { image, delta } = this.#replay.publish()
    this.#images.push(image)
    this.#config.apply(image.configs, delta.changedConfigs)
  }

  #whenCommitted(offset: number): Promise<void> {
    if (offset < this.quorum.highWatermark) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ offset, resolve, reject })
    })
  }

  #committed(): void {
    const { highWatermark } = this.quorum
    const done = this.#waiting.filter(({ offset }) => offset < highWatermark)
    this.#waiting = this.#waiting.filter(({ offset }) => offset >= highWatermark)
    // The last committed image stays, to go back to.
    while (this.#images.length > 1 && this.#images[1]!.offset < highWatermark) this.#images.shift()
    for (const { resolve } of done) resolve()
    for (const listener of [...this.#commitListeners]) listener()
    const committed = this.#images[0]
    if (committed !== undefined && committed.offset < highWatermark) this.#snapshotter.consider(committed)
  }

  /** Back to what the log still has. */
  #failed(error: Error, final: boolean): void {
    this.#host.logger.error('metadata log cannot be written', { error: error.message, final })
    const end = this.quorum.logEndOffset
    const image = this.#images.findLast(({ offset }) => offset < end) ?? this.#images[0]
    if (image !== undefined) {
      this.#images = [image]
      this.#replay = new MetadataReplay(image)
      this.#config.apply(image.configs, null)
    }
    this.#catchUp()
    this.#refuse(error.message)
    if (final) this.#stop(error.message)
  }

  /** The image becomes that of the whole log again, which has kept a part of what was appended in pieces. */
  #catchUp(): void {
    if (this.quorum.logEndOffset <= this.image.offset + 1) return
    const before = this.image
    try {
      this.quorum.replay(before.offset + 1, (batches) => this.#replay.addBatches(batches))
    } catch (error) {
      this.#stop(`the metadata log cannot be read: ${String(error)}`)
      return
    }
    if (this.#images.length === 0) this.#images.push(before)
    const { image } = this.#replay.publish()
    this.#images.push(image)
    this.#config.apply(image.configs, null)
  }

  #refuse(reason: string): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(new NotCommitted(reason))
  }

  #stop(reason: string): void {
    this.#stopped ??= reason
    this.#timer?.cancel()
    this.#refuse(reason)
    for (const listener of [...this.#commitListeners]) listener()
  }

  /** The newest snapshot and the log behind it; of a new cluster, what it begins with. */
  #load(): void {
    const { quorum } = this
    const latest = quorum.latestSnapshot
    const bytes = latest === null ? null : quorum.readSnapshot(latest)
    let next = quorum.logStartOffset
    if (latest !== null && bytes !== null) {
      this.#replay.addSnapshot(bytes, latest)
      next = Math.max(next, latest.endOffset)
    } else if (next > 0) {
      throw new Error(`assertion: the metadata log begins at offset ${next}, without a snapshot of what was before`)
    }
    quorum.replay(next, (batches) => this.#replay.addBatches(batches))
    const { isInTransaction } = this.#replay
    const { metadataVersion } = this.#replay.publish().image
    if (isInTransaction) this.#append([newRecord('AbortTransactionRecord', metadataVersion, {})], false)
    if (metadataVersion === 0) this.#append(bootstrapRecords(quorum.bootstrapSnapshot), false)
    this.#config.apply(this.image.configs, null)
    const { unknown } = this.image
    if (unknown.length > 0) {
      const types = [...new Set(unknown.map(({ apiKey, version }) => `${apiKey}v${version}`))].join(' ')
      this.#host.logger.warn('metadata records of types that are not known are kept', { count: unknown.length, types })
    }
  }

  #checkSessions(): void {
    this.#timer = this.#host.timers.after(SESSION_CHECK_MS, () => {
      for (const { brokerId, epoch } of this.#sessions.expired(SESSION_CHECK_MS)) {
        this.#host.logger.warn('broker is fenced: nothing was heard of it', { brokerId })
        this.#run((state) => fenceStale(state, brokerId, epoch)).catch((error: unknown) => {
          if (!(error instanceof NotCommitted)) throw error
        })
      }
      if (this.#stopped === null) this.#checkSessions()
    })
  }
}
