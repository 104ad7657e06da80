// A topic that coordinators keep their state in is made when the first client asks for one of them. Until it is there
// the client is told to ask again, which it does within a second.

import type { Logger } from '../../../host/host.ts'
import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../../protocol/error-codes.ts'

export interface InternalTopicConfig {
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Of the topic, as its creator sets them. */
  readonly configs: Readonly<Record<string, string>>
}

export type CreateTopics = (request: RequestOf<'CreateTopics'>) => Promise<ResponseInputOf<'CreateTopics'>>

export class InternalTopic {
  readonly name: string
  readonly #logger: Logger
  readonly #config: () => InternalTopicConfig
  readonly #createTopics: CreateTopics
  #isBeingCreated = false

  constructor(name: string, logger: Logger, config: () => InternalTopicConfig, createTopics: CreateTopics) {
    this.name = name
    this.#logger = logger
    this.#config = config
    this.#createTopics = createTopics
  }

  /** Asks the controller for the topic, once at a time; what comes of it is seen in the metadata. */
  create(): void {
    if (this.#isBeingCreated) return
    this.#isBeingCreated = true
    this.#create()
      .catch((error: unknown) => this.#warn({ error: String(error) }))
      .finally(() => {
        this.#isBeingCreated = false
      })
  }

  async #create(): Promise<void> {
    const { name } = this
    const { partitionCount, replicationFactor, configs } = this.#config()
    const wanted = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const topic = { name, numPartitions: partitionCount, replicationFactor, assignments: [], configs: wanted }
    const { topics } = await this.#createTopics({ topics: [topic], timeoutMs: CREATE_TIMEOUT_MS, validateOnly: false })
    const errorCode = topics[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) return
    this.#warn({ error: errorName(errorCode), message: topics[0]?.errorMessage ?? '' })
  }

  #warn(fields: { readonly error: string; readonly message?: string }): void {
    this.#logger.warn('coordinator: a topic cannot be created', { topic: this.name, ...fields })
  }
}

const CREATE_TIMEOUT_MS = 30_000
