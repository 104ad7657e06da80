// `__consumer_offsets` is made when the first client asks for a group's coordinator. Until it is there the client is
// told to ask again, which it does within a second.

import type { Logger } from '../../../host/host.ts'
import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../../protocol/error-codes.ts'
import { GROUP_TOPIC } from './group-coordinator.ts'

export interface OffsetsTopicConfig {
  readonly partitionCount: number
  readonly replicationFactor: number
  readonly segmentBytes: number
}

export type CreateTopics = (request: RequestOf<'CreateTopics'>) => Promise<ResponseInputOf<'CreateTopics'>>

export class OffsetsTopic {
  readonly #logger: Logger
  readonly #config: () => OffsetsTopicConfig
  readonly #createTopics: CreateTopics
  #isBeingCreated = false

  constructor(logger: Logger, config: () => OffsetsTopicConfig, createTopics: CreateTopics) {
    this.#logger = logger
    this.#config = config
    this.#createTopics = createTopics
  }

  /** Asks the controller for the topic, once at a time; what comes of it is seen in the metadata. */
  create(): void {
    if (this.#isBeingCreated) return
    this.#isBeingCreated = true
    this.#create().then(
      () => {
        this.#isBeingCreated = false
      },
      (error: unknown) => {
        this.#isBeingCreated = false
        this.#logger.warn('groups: __consumer_offsets cannot be created', { error: String(error) })
      },
    )
  }

  async #create(): Promise<void> {
    const { partitionCount, replicationFactor, segmentBytes } = this.#config()
    const configs = [
      { name: 'compression.type', value: 'producer' },
      { name: 'cleanup.policy', value: 'compact' },
      { name: 'segment.bytes', value: String(segmentBytes) },
    ]
    const topic = { name: GROUP_TOPIC, numPartitions: partitionCount, replicationFactor, assignments: [], configs }
    const { topics } = await this.#createTopics({ topics: [topic], timeoutMs: CREATE_TIMEOUT_MS, validateOnly: false })
    const errorCode = topics[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return
    this.#logger.warn('groups: __consumer_offsets cannot be created', {
      error: errorName(errorCode),
      message: topics[0]?.errorMessage ?? '',
    })
  }
}

const CREATE_TIMEOUT_MS = 30_000
