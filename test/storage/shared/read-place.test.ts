import t from 'tap'
import { ReadPlace } from '../../../storage/shared/read-place.ts'

/** With a clock that stands still until it is told, and turns that end when they are told. */
function world() {
  let nowMs = 1000
  let ends: (() => void)[] = []
  const place = new ReadPlace({
    clock: { now: () => nowMs, monotonic: () => nowMs },
    timers: {
      after: () => ({ cancel: () => {} }),
      endOfTurn: (run) => {
        ends.push(run)
      },
    },
  })
  const pass = (ms: number) => {
    nowMs += ms
  }
  return {
    place,
    pass,
    endTurn: () => {
      const runs = ends
      ends = []
      for (const run of runs) run()
    },
    inPool: (segment: object, elapsedMs: number) => {
      const startMs = place.now()
      pass(elapsedMs)
      place.readInPool(segment, 1024, startMs)
    },
    inLoop: (segment: object, elapsedMs: number) => {
      const startMs = place.now()
      pass(elapsedMs)
      place.readInLoop(segment, startMs)
    },
  }
}

t.test('a segment is read in the loop once the pool has read in it as fast as memory', async (t) => {
  const { place, inPool } = world()
  const [slow, quick] = [{}, {}]
  t.equal(place.isLoop(quick, 100), false)
  inPool(slow, 2)
  inPool(quick, 0.1)
  t.equal(place.isLoop(slow, 100), false)
  t.equal(place.isLoop(quick, 100), true)
})

t.test('in one turn the loop reads 1.5 MiB, and the pool what is beyond', async (t) => {
  const { place, inPool, endTurn } = world()
  const segment = {}
  inPool(segment, 0)
  t.equal(place.isLoop(segment, 2 * 1024 * 1024), false)
  t.equal(place.isLoop(segment, 1024 * 1024), true)
  t.equal(place.isLoop(segment, 1024 * 1024), false)
  t.equal(place.isLoop(segment, 512 * 1024), true)
  endTurn()
  t.equal(place.isLoop(segment, 1024 * 1024), true)
})

t.test('after two slow reads of the loop the pool reads for a second, and has to be quick again', async (t) => {
  const { place, pass, inPool, inLoop } = world()
  const [segment, other] = [{}, {}]
  inPool(segment, 0)
  inPool(other, 0)
  inLoop(segment, 5)
  t.equal(place.isLoop(segment, 100), true, 'one may be a thread that was not given its processor')
  inLoop(segment, 5)
  t.equal(place.isLoop(segment, 100), false)
  t.equal(place.isLoop(other, 100), false)
  pass(1001)
  t.equal(place.isLoop(other, 100), true)
  t.equal(place.isLoop(segment, 100), false)
  inPool(segment, 0)
  t.equal(place.isLoop(segment, 100), true)
})

t.test('slow reads far from each other, or one very slow read', async (t) => {
  const { place, pass, inPool, inLoop } = world()
  const segment = {}
  inPool(segment, 0)
  inLoop(segment, 5)
  pass(2001)
  inLoop(segment, 5)
  t.equal(place.isLoop(segment, 100), true)
  pass(2001)
  inLoop(segment, 20)
  t.equal(place.isLoop(segment, 100), false)
})
