/** The race's Meter (Race/Meter.cs) in JavaScript: measures between two event numbers, one addition and one comparison per event. */
export class Meter {
  #next
  #count = 0
  #checksum = 0
  #start
  #patience
  #warm = pending()
  #done = pending()

  constructor(warmup, events) {
    this.warmup = warmup
    this.events = events
    this.#next = warmup
    let seen = -1
    this.#patience = setInterval(() => {
      if (this.#count === seen) this.fail(new Error(`No event for 10 s; ${this.#count} of ${warmup + events} came.`))
      seen = this.#count
    }, 10_000)
  }

  /** Resolves when the warm-up's last event was counted. */
  get warmedUp() {
    return this.#warm.promise
  }

  /** The figures, once the last event was counted. */
  get completion() {
    return this.#done.promise
  }

  /** Counts one event. Equal sums show that two contenders decoded the same. */
  onRow(row) {
    this.#checksum += row.id.length + row.name.length
    if (++this.#count === this.#next) this.#mark()
  }

  /** Begins the measurement; no event is under way. */
  start() {
    this.#start = reading()
  }

  fail(error) {
    clearInterval(this.#patience)
    this.#warm.reject(error)
    this.#done.reject(error)
  }

  #mark() {
    const total = this.warmup + this.events
    if (this.#count < total) {
      this.#next = total
      this.#warm.resolve()
      return
    }

    clearInterval(this.#patience)
    const now = reading()
    this.#done.resolve({
      EventsPerSecond: this.events / (Number(now.time - this.#start.time) / 1e9),
      CpuMicrosecondsPerEvent: (now.cpu.user + now.cpu.system - this.#start.cpu.user - this.#start.cpu.system) / this.events,
      BytesPerEvent: null, // nothing tells what JavaScript allocates
      Checksum: this.#checksum,
    })
  }
}

function pending() {
  let settle
  const promise = new Promise((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => {}) // two wait for one failure; the first of them tells it
  return { promise, ...settle }
}

/** User and system time of the whole process in microseconds, the collector's threads included: getrusage, as in .NET. */
function reading() {
  return { time: process.hrtime.bigint(), cpu: process.cpuUsage() }
}
