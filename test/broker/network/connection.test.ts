import t from 'tap'
import { ClientConnection } from '../../../broker/network/connection.ts'
import type { Answer, AnswerSlot, Dispatcher } from '../../../broker/network/dispatcher.ts'
import { FrameAssembler } from '../../../broker/network/frame-assembler.ts'
import { LargeRequests } from '../../../broker/network/large-requests.ts'
import { MemoryBudget } from '../../../broker/network/memory-budget.ts'
import { FlushQueue } from '../../../broker/network/slot.ts'
import type { Connection, ConnectionEvents } from '../../../host/network.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'
import { letGoOfAll, SlabPool } from '../../../host/slab.ts'
import { seed } from '../../host/implementations.ts'

function frame(...bytes: number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, bytes.length, ...bytes)
}

function prefixOf(size: number): Uint8Array {
  const prefix = Buffer.alloc(4)
  prefix.writeInt32BE(size)
  return prefix
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** A peer that takes what it is given until it is told to stop, and remembers what it got. */
class FakeConnection implements Connection {
  readonly remote = { host: '127.0.0.1', port: 50_000 }
  readonly local = { host: '127.0.0.1', port: 9092 }
  events: ConnectionEvents | null = null
  writes: Uint8Array[] = []
  takes = true
  /** Of the last write. */
  takenSize = 0
  paused = false
  ended = false

  start(events: ConnectionEvents): void {
    this.events = events
  }
  write(chunks: readonly Uint8Array[]): boolean {
    this.writes.push(concat(...chunks))
    letGoOfAll(chunks)
    return this.takes
  }
  unsentSize(): number {
    return this.takes ? 0 : (this.writes.at(-1)?.length ?? 0) - this.takenSize
  }
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
  end(): void {
    if (this.ended) return
    this.ended = true
    this.events?.onClose(null)
  }
  destroy(): void {
    this.end()
  }
}

/** Keeps requests until the test answers them. A frame that begins with 0 may overlap. */
class HeldDispatcher implements Dispatcher {
  /** Size of its answer, of each request from now on; -1: they are held. */
  answersAtOnce = -1
  readonly held: { frame: Uint8Array; reply: (answer: Answer) => void }[] = []
  mayOverlap(frame: Uint8Array): boolean {
    return frame[0] === 0
  }
  dispatch(frame: Uint8Array, _peer: unknown, slot: AnswerSlot): void {
    this.held.push({ frame: frame.slice(), reply: (answer) => slot.reply(answer) })
    if (this.answersAtOnce >= 0) slot.reply([new Uint8Array(this.answersAtOnce)])
  }
  forget(): void {}
}

function open(budget = new MemoryBudget(1000), answers = new MemoryBudget(1000), maxFrameSize = 100) {
  const connection = new FakeConnection()
  const dispatcher = new HeldDispatcher()
  const closed: (string | null)[] = []
  const slabs = new SlabPool({ poisons: true })
  const time = { now: 0 }
  const client = new ClientConnection(
    connection,
    { connectionId: 1, host: '127.0.0.1', port: 50_000, listener: 'PLAINTEXT' },
    {
      dispatcher,
      requests: budget,
      answers,
      slabs,
      flushes: new FlushQueue(),
      largeRequests: new LargeRequests(budget, answers, { endOfTurn: queueMicrotask, after: () => ({ cancel() {} }) }),
      maxFrameSize,
      now: () => time.now,
      after: () => ({ cancel() {} }),
      onClose: (_client, reason) => closed.push(reason),
    },
  )
  client.start()
  const receive = (bytes: Uint8Array): void => connection.events?.onBytes(bytes)
  const settle = (): Promise<void> => Promise.resolve()
  return { connection, dispatcher, closed, client, receive, settle, budget, answers, slabs, time }
}

t.test('frames come out whole however the bytes are cut', async (t) => {
  const stream = concat(frame(1, 2, 3), frame(), frame(4), frame(...Array(60).fill(7)))
  for (let cut = 1; cut < stream.length; cut++) {
    const assembler = new FrameAssembler(100, new SlabPool())
    const frames: number[][] = []
    for (let at = 0; at < stream.length; at += cut) {
      const problem = assembler.push(stream.subarray(at, at + cut), {
        onFrame: (frame) => frames.push([...frame]) > 0,
      })
      t.equal(problem, null)
    }
    t.same(frames, [[1, 2, 3], [], [4], Array(60).fill(7)], `cut every ${cut} bytes`)
    t.equal(assembler.partialSize, 0)
  }
})

t.test('a large frame arrives whole wherever the reads are cut, in its own memory or not', async (t) => {
  const random = new SeededRandom(seed)
  const [large, small] = [300_000, 700]
  const content = Buffer.from(random.fill(new Uint8Array(2 * large + small)))
  content.writeInt16BE(0, 0)
  const sent = [content.subarray(0, large), content.subarray(large, large + small), content.subarray(large + small)]
  const stream = concat(...sent.flatMap((frame) => [prefixOf(frame.length), frame]))
  const starts = [4, large + 4, large + small + 12]
  const cuts = starts.flatMap((start) => Array.from({ length: 16 }, (_, index) => Math.max(1, start - 8 + index)))
  for (let count = 0; count < 60; count++) cuts.push(1 + random.below(stream.length - 1))
  for (const cut of cuts) {
    const slabs = new SlabPool({ poisons: true })
    const assembler = new FrameAssembler(large, slabs)
    const frames: Uint8Array[] = []
    let inPlaceSize = 0
    const receive = (from: number, to: number): void => {
      for (let at = from; at < to; ) {
        // A read into the shared buffer brings less than 64 KiB here, one into the frame as much as there is.
        const target = assembler.target()
        const bytes = target ?? new Uint8Array(60_000)
        const size = Math.min(bytes.length, to - at)
        bytes.set(stream.subarray(at, at + size))
        if (target !== null) inPlaceSize += size
        assembler.push(bytes.subarray(0, size), { onFrame: (frame) => frames.push(frame) > 0 })
        if (target === null) bytes.fill(0)
        at += size
      }
    }
    receive(0, cut)
    receive(cut, stream.length)
    const whole = frames.length === 3 && frames.every((frame, index) => sent[index]?.equals(frame))
    if (!whole || inPlaceSize < 100_000) t.fail(`cut at ${cut}, seed ${seed}: ${inPlaceSize} bytes in place`)
    letGoOfAll(frames)
  }
})

t.test('the memory of a frame grows with what has come of it', async (t) => {
  const slabs = new SlabPool({ poisons: true })
  const assembler = new FrameAssembler(100_000_000, slabs)
  const sink = { onFrame: () => t.fail('a frame') }
  assembler.push(concat(prefixOf(100_000_000), new Uint8Array(100)), sink)
  t.equal(assembler.target(), null, 'nothing worth a read of its own')
  assembler.push(new Uint8Array(50_000), sink)
  const size = assembler.target()?.length ?? 0
  t.ok(size > 100_000 && size < 1_000_000, `${size} bytes`)
  t.equal(slabs.freeSize, 0)
  assembler.discard()
  t.equal(slabs.freeSize, 1024 * 1024)
})

t.test('a frame over the limit or of negative size is a problem before anything is allocated', async (t) => {
  t.same(new FrameAssembler(100, new SlabPool()).push(Uint8Array.of(0, 0, 0, 101), { onFrame: () => true }), {
    size: 101,
    limit: 100,
  })
  t.same(new FrameAssembler(100, new SlabPool()).push(Uint8Array.of(255, 255, 255, 255), { onFrame: () => true }), {
    size: -1,
    limit: 100,
  })
})

t.test('a frame that is announced and not sent occupies what was sent', async (t) => {
  const { receive, budget } = open()
  receive(Uint8Array.of(0, 0, 0, 90, 1, 2))
  t.equal(budget.used, 6)
})

t.test('answers leave in the order of the requests', async (t) => {
  const { connection, dispatcher, receive, settle } = open()
  receive(concat(frame(0, 1), frame(0, 2), frame(0, 3)))
  t.equal(dispatcher.held.length, 3, 'requests that may overlap start at once')
  dispatcher.held[2]?.reply([frame(3)])
  dispatcher.held[1]?.reply([frame(2)])
  await settle()
  t.same(connection.writes, [])
  dispatcher.held[0]?.reply([frame(1)])
  await settle()
  t.same(connection.writes, [concat(frame(1), frame(2), frame(3))], 'in one write')
})

t.test('other requests start when their predecessors are answered', async (t) => {
  const { connection, dispatcher, receive, settle } = open()
  receive(concat(frame(0, 1), frame(9, 2), frame(0, 3)))
  t.equal(dispatcher.held.length, 1)
  dispatcher.held[0]?.reply([frame()])
  await settle()
  t.equal(dispatcher.held.length, 2)
  dispatcher.held[1]?.reply([frame()])
  await settle()
  t.equal(dispatcher.held.length, 3)
  t.equal(connection.writes.length, 2)
})

t.test('a request without an answer leaves no trace in the stream', async (t) => {
  const { connection, dispatcher, receive, settle } = open()
  receive(concat(frame(0, 1), frame(0, 2)))
  dispatcher.held[0]?.reply(null)
  dispatcher.held[1]?.reply([frame(2)])
  await settle()
  t.same(connection.writes, [frame(2)])
})

t.test('a bad frame closes its connection after the answers before it', async (t) => {
  const { connection, dispatcher, receive, settle, closed } = open()
  receive(concat(frame(0, 1), frame(0, 2), frame(0, 3)))
  dispatcher.held[1]?.reply({ close: 'malformed' })
  dispatcher.held[2]?.reply([frame(3)])
  await settle()
  t.equal(connection.ended, false)
  dispatcher.held[0]?.reply([frame(1)])
  await settle()
  t.same(connection.writes, [frame(1)])
  t.same(closed, ['malformed'])
  t.equal(connection.ended, true)
})

t.test('a peer that takes no answers is not read from, and its waiting requests do not start', async (t) => {
  const { connection, dispatcher, receive, settle } = open()
  connection.takes = false
  receive(concat(frame(9, 1), frame(9, 2)))
  dispatcher.held[0]?.reply([frame(1)])
  await settle()
  t.equal(connection.paused, true)
  t.equal(dispatcher.held.length, 2, 'what could start before the write did')
  dispatcher.held[1]?.reply([frame(2)])
  receive(frame(9, 3))
  await settle()
  t.equal(dispatcher.held.length, 2)
  connection.takes = true
  connection.events?.onDrain()
  await settle()
  t.equal(dispatcher.held.length, 3)
  t.equal(connection.paused, false)
})

t.test('a connection with too many unanswered requests is not read from', async (t) => {
  const { connection, dispatcher, receive, settle } = open(new MemoryBudget(1_000_000))
  for (let i = 0; i < 300; i++) receive(frame(0))
  t.equal(connection.paused, true)
  for (const { reply } of dispatcher.held) reply([frame()])
  await settle()
  t.equal(connection.paused, false)
})

t.test('when the budget is spent, connections wait their turn and none is forgotten', async (t) => {
  const budget = new MemoryBudget(50)
  const first = open(budget)
  const second = open(budget)
  budget.chargeUnwritten(50)
  first.receive(concat(frame(...Array(40).fill(0)), frame(...Array(20).fill(0))))
  second.receive(frame(0, 1))
  t.equal(first.connection.paused, true)
  t.equal(second.connection.paused, true)
  t.equal(second.dispatcher.held.length, 1, 'what has arrived is handled')
  for (const { reply } of first.dispatcher.held) reply([frame()])
  await first.settle()
  t.equal(first.connection.paused, true, 'answered, and not written')
  budget.releaseUnwritten(50)
  t.equal(first.connection.paused, false)
  t.equal(second.connection.paused, false)
  t.equal(budget.used, 0)
})

t.test('who neither produces nor holds a part of the memory is read from though it is spent', async (t) => {
  const budget = new MemoryBudget(50)
  const other = open(budget)
  budget.chargeUnwritten(50)
  other.receive(frame(9, 1))
  t.equal(other.connection.paused, false)
  other.dispatcher.held[0]?.reply([frame()])
  other.receive(concat(frame(9, 1), frame(9, 2)))
  t.equal(other.connection.paused, true, 'a request waits for the one before')
  other.dispatcher.held[1]?.reply([frame()])
  await other.settle()
  t.equal(other.connection.paused, false)
  other.receive(concat(frame(9, 1).subarray(0, 5)))
  t.equal(other.connection.paused, true, 'half a request')
})

t.test('answers of pipelined requests are charged before the next is handled', async (t) => {
  const { connection, dispatcher, receive, answers, settle } = open()
  receive(concat(...Array.from({ length: 9 }, (_, number) => frame(9, number))))
  connection.takes = false
  // From here on each is answered as it starts.
  dispatcher.answersAtOnce = 100_000
  dispatcher.held[0]?.reply([new Uint8Array(100_000)])
  await settle()
  t.equal(dispatcher.held.length, 3)
  t.equal(answers.used, 300_000)
})

t.test('a slow peer is alive as long as it takes a part of its answers', async (t) => {
  const { connection, dispatcher, receive, client, settle, time } = open()
  receive(frame(9, 1))
  connection.takes = false
  dispatcher.held[0]?.reply([new Uint8Array(100)])
  await settle()
  t.ok(client.isHoldingAnswers)
  time.now = 1000
  client.lookAtProgress()
  t.equal(client.lastActive, 0)
  connection.takenSize = 10
  client.lookAtProgress()
  t.equal(client.lastActive, 1000)
})

t.test('half-received frames cannot block each other for ever: a few read on until they are whole', async (t) => {
  const budget = new MemoryBudget(20)
  const peers = Array.from({ length: 20 }, () => open(budget))
  for (const { receive } of peers) receive(concat(Uint8Array.of(0, 0, 0, 60), new Uint8Array(30)))
  const reading = () => peers.filter(({ connection, closed }) => !connection.paused && closed.length === 0)
  const few = reading()
  t.ok(few.length > 0 && few.length < 10, `${few.length} of 20 read on`)
  few[0]?.receive(new Uint8Array(20))
  t.same(reading().length, few.length)
  t.equal(few[0]?.connection.paused, false, 'until its frame is whole')
  const done = new Set<unknown>()
  for (let round = 0; round < 200 && done.size < 20; round++) {
    for (const peer of reading()) {
      peer.receive(new Uint8Array(10))
      for (const { reply } of peer.dispatcher.held.splice(0)) {
        done.add(peer)
        reply([frame()])
      }
      await peer.settle()
    }
  }
  t.equal(done.size, 20, 'all get through')
})

t.test('neither an idle connection nor a long poll stands in the way of half-received frames', async (t) => {
  const budget = new MemoryBudget(20)
  const poller = open(budget)
  poller.receive(frame(9, ...Array(30).fill(0)))
  t.equal(budget.used, 0, 'a parked request holds no memory')
  const idle = open(budget)
  const [first, second] = [open(budget), open(budget)]
  first.receive(concat(Uint8Array.of(0, 0, 0, 60), new Uint8Array(55)))
  idle.receive(frame(0, 1))
  idle.dispatcher.held[0]?.reply([frame()])
  await idle.settle()
  second.receive(concat(Uint8Array.of(0, 0, 0, 60), new Uint8Array(55)))
  t.equal(first.connection.paused || second.connection.paused, false)
})

t.test('memory of a lost connection comes back', async (t) => {
  const { connection, dispatcher, receive, budget, closed } = open()
  receive(concat(frame(0, 1), frame(9, 2), Uint8Array.of(0, 0, 0, 9, 1)))
  connection.events?.onClose(null)
  t.same(closed, [null])
  t.equal(budget.used, 0)
  dispatcher.held[0]?.reply([frame()])
  t.equal(budget.used, 0)
})

t.test('a frame is let go of when it is dispatched', async (t) => {
  const { receive, slabs, dispatcher, settle } = open(new MemoryBudget(1_000_000), undefined, 400_000)
  receive(concat(prefixOf(300_000), new Uint8Array(300_000)))
  t.equal(slabs.freeSize, 512 * 1024)
  receive(concat(frame(9, 1), prefixOf(300_000), new Uint8Array(300_000)))
  t.equal(slabs.freeSize, 0, 'it waits for its predecessor')
  dispatcher.held[0]?.reply(null)
  await settle()
  dispatcher.held[1]?.reply(null)
  await settle()
  t.equal(dispatcher.held.length, 3)
  t.equal(slabs.freeSize, 512 * 1024)
})

t.test('a connection that is lost lets go of frames and answers, each once', async (t) => {
  const { connection, dispatcher, receive, slabs, settle } = open(new MemoryBudget(1_000_000), undefined, 400_000)
  const answer = (): Uint8Array[] => [prefixOf(100_000), slabs.take(100_000)]
  const size = 128 * 1024
  receive(concat(frame(0, 1), frame(0, 2), frame(0, 3), frame(9, 4)))
  receive(concat(prefixOf(300_000), new Uint8Array(300_000), prefixOf(300_000), new Uint8Array(200_000)))
  dispatcher.held[1]?.reply(answer())
  await settle()
  t.equal(slabs.freeSize, 0)
  connection.destroy()
  t.equal(slabs.freeSize, size + 2 * 512 * 1024, 'the answer that was not due, the waiting frame, the half frame')
  dispatcher.held[0]?.reply(answer())
  t.equal(slabs.freeSize, size + 2 * 512 * 1024, 'what comes later is as free as it was')
  dispatcher.held[2]?.reply({ close: null })
  t.equal(connection.writes.length, 0)
})

t.test('answers behind one that closes the connection are let go of', async (t) => {
  const { dispatcher, receive, slabs, settle, closed } = open()
  receive(concat(frame(0, 1), frame(0, 2), frame(0, 3)))
  dispatcher.held[2]?.reply([slabs.take(100_000)])
  dispatcher.held[1]?.reply({ close: 'malformed' })
  dispatcher.held[0]?.reply([slabs.take(100_000)])
  await settle()
  t.same(closed, ['malformed'])
  t.equal(slabs.freeSize, 2 * 128 * 1024)
})
