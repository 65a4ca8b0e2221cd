import { canceled } from "./client-error.js";
import type { CallSpan } from "./tracing.js";
import type { LinkStream, StreamListener } from "./transport.js";

/** The listener of a stream whose span ends when the server or the transport ends the stream. */
export function listenerWithSpan<Response>(
  span: CallSpan,
  listener: StreamListener<Response>,
): StreamListener<Response> {
  return {
    message: (response) => listener.message(response),
    closed: (error) => {
      span.end(error);
      listener.closed(error);
    },
  };
}

/** The client's side of a stream whose span ends when the client cancels the stream. */
export function streamWithSpan<Request>(span: CallSpan, stream: LinkStream<Request>): LinkStream<Request> {
  return {
    send: (request) => stream.send(request),
    finish: () => stream.finish(),
    cancel: () => {
      span.end(canceled());
      stream.cancel();
    },
    pause: () => stream.pause(),
    resume: () => stream.resume(),
  };
}
