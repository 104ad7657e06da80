// Why a request is refused: an error of the protocol, and a sentence where its answer has room for one.

export interface Refusal {
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Tells it from what would have been answered otherwise, which never has an error code. */
export function isRefusal(value: object): value is Refusal {
  return 'errorCode' in value
}

export function refusal(errorCode: number, errorMessage: string | null): Refusal {
  return { errorCode, errorMessage }
}
