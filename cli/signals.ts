// The signals that ask the process to end.

/**
 * Ctrl-C under `npm start` arrives twice, from the terminal and handed on by npm; a person who presses it again takes
 * longer.
 */
const echoMs = 500

export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', run: () => void): unknown
}

/** Calls `stop` at the first signal, `quit` at a second one that is no echo of the first. */
export function onStopSignals(
  source: SignalSource,
  now: () => number,
  stop: () => void,
  quit: (exitCode: number) => void,
): void {
  let stoppedAtMs: number | null = null
  const onSignal = (exitCode: number) => () => {
    if (stoppedAtMs === null) {
      stoppedAtMs = now()
      stop()
    } else if (now() - stoppedAtMs > echoMs) quit(exitCode)
  }
  // As a shell shows an end by that signal.
  source.on('SIGINT', onSignal(130))
  source.on('SIGTERM', onSignal(143))
  // The terminal has gone. Node forgets that nohup asked to ignore it, so without this the broker would die by it.
  source.on('SIGHUP', onSignal(129))
}
