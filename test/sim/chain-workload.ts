// Chains that consume, transform and produce while their broker crashes, and what must hold in the end: each input has
// become one output, in order, and nobody who reads committed records has ever seen anything else.

import { strict as assert } from 'node:assert'
import type { Host } from '../../host/host.ts'
import type { Address } from '../../host/network.ts'
import type { SeededRandom } from '../../host/simulated/random.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { WireClient } from '../wire-client.ts'
import { INPUT, LastingChain, OUTPUT, OUTPUT_PARTITIONS, transformed } from './chain.ts'
import { CommittedConsumer } from './committed-consumer.ts'
import type { LastingClient } from './lasting-client.ts'
import { LastingProducer } from './producer.ts'

export interface ChainReport {
  readonly inputs: number
  readonly transactions: number
  readonly setbacks: number
  readonly aborted: number
}

export class ChainWorkload {
  readonly #hostOf: (name: string) => Host
  readonly #broker: Address
  readonly #source: LastingProducer
  readonly #chains: readonly LastingChain[]
  readonly #consumers: readonly CommittedConsumer[]
  readonly #clients: readonly LastingClient[]

  /** `hasChains` false: they run elsewhere. `mayBeKafka`: see ClientSetting. */
  constructor(
    hostOf: (name: string) => Host,
    broker: Address,
    random: SeededRandom,
    hasChains = true,
    mayBeKafka = false,
  ) {
    this.#hostOf = hostOf
    this.#broker = broker
    const setting = (name: string) => ({ name, host: hostOf(name), broker, mayBeKafka })
    const source = { topic: INPUT, partition: 0, isIdempotent: true, sizes: [1, 50] }
    this.#source = new LastingProducer({ ...setting('source'), ...source, random: random.fork() })
    const isClassic = random.chance(0.4)
    // Now and then two, which shut out each other; by the same rules, as two of one application are.
    const count = hasChains ? (random.chance(0.3) ? 2 : 1) : 0
    this.#chains = Array.from({ length: count }, (_, index) => {
      return new LastingChain({
        ...setting(`chain${index}`),
        transactionalId: 'chain',
        isClassic,
        isContended: count > 1,
        random: random.fork(),
      })
    })
    this.#consumers = Array.from({ length: OUTPUT_PARTITIONS }, (_, partition) => {
      return new CommittedConsumer({ ...setting(`reader${partition}`), topic: OUTPUT, partition })
    })
    this.#clients = [this.#source, ...this.#chains, ...this.#consumers]
  }

  async start(): Promise<void> {
    const connection = await this.#hostOf('creator').network.connect(this.#broker)
    const client = new WireClient(connection, 'creator')
    const topics = [INPUT, OUTPUT].map((name) => {
      const numPartitions = name === INPUT ? 1 : OUTPUT_PARTITIONS
      return { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
    })
    const answer = await client.send('CreateTopics', 7, { topics, timeoutMs: 30_000, validateOnly: false })
    for (const { errorCode } of answer?.topics ?? []) assert.equal(errorCode, ErrorCode.NONE, 'topics are created')
    client.close()
    for (const one of this.#clients) one.start()
  }

  check(): void {
    for (const { name, fault } of this.#clients) {
      if (fault !== null) throw fault instanceof Error ? fault : new Error(`${name}: ${fault}`)
    }
  }

  /** Until `release`, chains work on amid their transactions, but end none. */
  hold(): void {
    for (const chain of this.#chains) chain.isHeld = true
  }

  release(): void {
    for (const chain of this.#chains) chain.isHeld = false
  }

  /** Ends that were asked for are answered: the coordinator knows of them. */
  get isHeld(): boolean {
    return this.#chains.every(({ isHeld, isEnding }) => isHeld && !isEnding)
  }

  finish(): void {
    this.#source.finish()
  }

  /** Everything that was put in has come out. */
  get isDone(): boolean {
    if (this.#clients.some(({ fault }) => fault !== null)) return true
    const seen = this.#consumers.reduce((sum, consumer) => sum + consumer.seen.length, 0)
    return this.#source.isDone && seen >= this.#inputs.length
  }

  /** Committed by the chains, so far. */
  get transactions(): number {
    return this.#chains.reduce((sum, { transactions }) => sum + transactions, 0)
  }

  get #inputs(): string[] {
    return this.#source.acknowledged.flatMap(({ values }) => values)
  }

  /** After `isDone`, and a while in which more could have come. */
  verify(): ChainReport {
    this.check()
    const inputs = this.#inputs
    for (const { partition, seen, name } of this.#consumers) {
      const expected = inputs.map((value, offset) => transformed(offset, value))
      const own = expected.filter((_, offset) => offset % OUTPUT_PARTITIONS === partition)
      assert.deepEqual(seen, own, `what ${name} has seen`)
    }
    for (const one of this.#clients) one.stop()
    return {
      inputs: inputs.length,
      transactions: this.transactions,
      setbacks: this.#chains.reduce((sum, { setbacks }) => sum + setbacks, 0),
      aborted: this.#consumers.reduce((sum, { skipped }) => sum + skipped, 0),
    }
  }
}
