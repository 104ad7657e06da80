// Events in the order of their virtual time, and of their scheduling where that is equal: a binary heap.

export interface SimulatedEvent {
  readonly timeMs: number
  readonly sequence: number
  /** null when cancelled: it stays in the heap, and is passed over. */
  run: (() => void) | null
}

/** What a simulation's parts see of its time (simulation.ts). */
export interface VirtualTime {
  /** Virtual milliseconds since the start. */
  readonly nowMs: number
  schedule(delayMs: number, run: () => void): SimulatedEvent
  /** After the last of the events that share a turn of the event loop. */
  endOfTurn(run: () => void): void
}

export class EventQueue {
  readonly #heap: SimulatedEvent[] = []
  #sequence = 0

  get size(): number {
    return this.#heap.length
  }

  push(timeMs: number, run: () => void): SimulatedEvent {
    const event: SimulatedEvent = { timeMs, sequence: this.#sequence++, run }
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(event, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = event
    return event
  }

  peek(): SimulatedEvent | undefined {
    return this.#heap[0]
  }

  pop(): SimulatedEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(a: SimulatedEvent, b: SimulatedEvent): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence)
}
