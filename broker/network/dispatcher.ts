// What a connection and whoever handles its requests (broker/dispatch.ts) know of each other.

/**
 * What dispatch tells a connection to do: send the chunks (a whole frame, size prefix included; they and their array
 * are given away), send nothing, or close.
 */
export type Answer = Uint8Array[] | null | CloseAnswer

export interface CloseAnswer {
  /** Why, for the log; null when closing is the protocol's own way to say so and nobody need know. */
  readonly close: string | null
}

/** Where the answer of one request goes. */
export interface AnswerSlot {
  /** Called exactly once, now or later. */
  reply(answer: Answer): void
  /** The connection starts no other request for so long; answers go on leaving. */
  mute(ms: number): void
}

export interface Peer {
  readonly connectionId: number
  readonly host: string
  readonly port: number
  readonly listener: string
}

export interface Dispatcher {
  /**
   * Whether a frame's request may start before its predecessors on the connection are answered, if those may as well.
   */
  mayOverlap(frame: Uint8Array): boolean
  /** Handles one request. The frame is its connection's again afterwards: who keeps bytes of it holds them. */
  dispatch(frame: Uint8Array, peer: Peer, slot: AnswerSlot): void
  /** The connection is gone. */
  forget(peer: Peer): void
}
