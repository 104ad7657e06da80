// Gives out producer ids from blocks that the controller allocates, so that no two brokers, and no two lives of one
// broker, ever give out the same (KIP-730; Kafka: RPCProducerIdManager). The rest of a block is lost with the process:
// ids are plenty.

import type { ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'

export type AllocateBlock = () => Promise<ResponseInputOf<'AllocateProducerIds'>>

export class ProducerIds {
  readonly #allocate: AllocateBlock
  #next = 0n
  #end = 0n
  #allocating: Promise<number> | null = null

  constructor(allocate: AllocateBlock) {
    this.#allocate = allocate
  }

  /** The next id, or the error code that the controller answered with. */
  async next(): Promise<bigint | number> {
    for (;;) {
      const id = this.take()
      if (id !== undefined) return id
      const errorCode = await this.replenish()
      if (errorCode !== ErrorCode.NONE) return errorCode
    }
  }

  /** The next id; undefined when there is none at hand, until `replenish` has brought some. */
  take(): bigint | undefined {
    return this.#next === this.#end ? undefined : this.#next++
  }

  /** Has a block allocated, unless there are ids. The error code that the controller answered with. */
  replenish(): Promise<number> {
    if (this.#next !== this.#end) return Promise.resolve(ErrorCode.NONE)
    // Many producers may ask at once: one allocation serves all of them.
    this.#allocating ??= this.#allocateBlock().finally(() => {
      this.#allocating = null
    })
    return this.#allocating
  }

  async #allocateBlock(): Promise<number> {
    const { errorCode, producerIdStart = 0n, producerIdLen } = await this.#allocate()
    if (errorCode !== ErrorCode.NONE) return errorCode
    this.#next = producerIdStart
    this.#end = producerIdStart + BigInt(producerIdLen)
    return ErrorCode.NONE
  }
}
