// When waiting requests have waited long enough: long polls, and produce requests that wait for the disk.
//
//   500 ms  ● ─ ● ─ ●        a list for each delay: what is added later is due later, so that adding, taking away and
//   30 s    ● ─ ●            finding the next one are steps at its ends
//
// Nearly all of them are taken away long before they are due. So a list has one timer, for what was its head when the
// timer was set, and it may run in vain: no timer is made and cancelled for each request. Never early, and late by what
// the host's timers are.

import type { Clock, Timer, Timers } from '../../host/host.ts'

/** Clients choose delays: lists that nothing waits in are kept, with a running timer, up to this many. */
const MAX_LISTS = 64

/** The rows of the lists, linked: to be extended by what waits. */
export abstract class Deadline {
  /** For Deadlines alone, like all fields here. */
  list: DeadlineList | null = null
  earlier: Deadline | null = null
  later: Deadline | null = null
  dueMs = 0

  /** The time is up; it waits no more. */
  abstract onDue(): void
}

interface DeadlineList {
  readonly delayMs: number
  first: Deadline | null
  last: Deadline | null
  timer: Timer | null
}

export class Deadlines {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #lists = new Map<number, DeadlineList>()

  constructor(host: { readonly clock: Clock; readonly timers: Timers }) {
    this.#clock = host.clock
    this.#timers = host.timers
  }

  /** `onDue` is called once, `delayMs` from now, unless it is removed before. */
  add(deadline: Deadline, delayMs: number): void {
    if (deadline.list !== null) throw new Error(`assertion: a deadline in ${delayMs} ms already has one`)
    const list = this.#list(Math.max(0, delayMs))
    deadline.list = list
    deadline.dueMs = this.#clock.monotonic() + list.delayMs
    deadline.earlier = list.last
    if (list.last === null) list.first = deadline
    else list.last.later = deadline
    list.last = deadline
    if (list.timer === null) this.#arm(list, list.delayMs)
  }

  /** Nothing happens when it is not waiting. */
  remove(deadline: Deadline): void {
    const { list } = deadline
    if (list === null) return
    unlink(list, deadline)
    if (list.first === null && this.#lists.size > MAX_LISTS) {
      list.timer?.cancel()
      this.#lists.delete(list.delayMs)
    }
  }

  #list(delayMs: number): DeadlineList {
    let list = this.#lists.get(delayMs)
    if (list === undefined) {
      list = { delayMs, first: null, last: null, timer: null }
      this.#lists.set(delayMs, list)
    }
    return list
  }

  #arm(list: DeadlineList, delayMs: number): void {
    list.timer = this.#timers.after(delayMs, () => this.#run(list))
  }

  #run(list: DeadlineList): void {
    list.timer = null
    const now = this.#clock.monotonic()
    try {
      for (let first = list.first; first !== null && first.dueMs <= now; first = list.first) {
        unlink(list, first)
        first.onDue()
      }
    } finally {
      // What has come due may have begun to wait anew, here too.
      if (list.first === null) this.#forget(list)
      else if (list.timer === null) this.#arm(list, list.first.dueMs - now)
    }
  }

  #forget(list: DeadlineList): void {
    list.timer?.cancel()
    this.#lists.delete(list.delayMs)
  }
}

function unlink(list: DeadlineList, deadline: Deadline): void {
  const { earlier, later } = deadline
  if (earlier === null) list.first = later
  else earlier.later = later
  if (later === null) list.last = earlier
  else later.earlier = earlier
  deadline.list = null
  deadline.earlier = null
  deadline.later = null
}
