import { GrpcCode } from "../../base/index.js";
import { type Descriptors, loadDescriptors, reflectionpb, services } from "../../wire/index.js";
import { type Binding, streaming } from "../grpc/binding.js";

type Request = reflectionpb.ServerReflectionRequest;
type Answer = reflectionpb.ServerReflectionResponse["messageResponse"];

const method = services["grpc.reflection.v1.ServerReflection"].ServerReflectionInfo;
/** The service's older name, which some tools use. Its messages are the same. */
const olderService = "grpc.reflection.v1alpha.ServerReflection";

/**
 * grpc.reflection, which describes services and messages to tools without .proto files.
 *
 * @param served the other methods of this member
 */
export function reflectionBindings(served: readonly Binding[]): readonly Binding[] {
  const paths = [method.path, `/${olderService}/ServerReflectionInfo`];
  const names = [...served.map(({ path }) => path), ...paths].map((path) => path.split("/")[1] ?? "");
  const list = [...new Set(names)].sort().map((name) => reflectionpb.ServiceResponse.create({ name }));
  return paths.map((path) =>
    streaming({ ...method, path }, async (stream) => {
      const descriptors = await loadDescriptors();
      for await (const request of stream.read()) {
        const messageResponse = answer(request, list, descriptors);
        const { host } = request;
        const response = { validHost: host, originalRequest: request, messageResponse };
        if (!stream.write(reflectionpb.ServerReflectionResponse.create(response))) await stream.drained();
      }
    }),
  );
}

function answer(
  { messageRequest: asked }: Request,
  list: readonly reflectionpb.ServiceResponse[],
  descriptors: Descriptors,
): Answer {
  switch (asked?.case) {
    case "listServices":
      return { case: "listServicesResponse", value: reflectionpb.ListServiceResponse.create({ service: list }) };
    case "fileByFilename":
      return fileAnswer(descriptors.file(asked.value), asked.value);
    case "fileContainingSymbol":
      return fileAnswer(descriptors.fileOfSymbol(asked.value), asked.value);
    case "fileContainingExtension":
      return notFound(`no extension ${asked.value.extensionNumber} of ${asked.value.containingType}`);
    case "allExtensionNumbersOfType":
      if (!descriptors.isMessage(asked.value)) return notFound(asked.value);
      return {
        case: "allExtensionNumbersResponse",
        value: reflectionpb.ExtensionNumberResponse.create({ baseTypeName: asked.value }),
      };
    case undefined:
      return refusal(GrpcCode.InvalidArgument, "expected a question in message_request");
  }
}

function fileAnswer(files: readonly Uint8Array[] | undefined, name: string): Answer {
  if (files === undefined) return notFound(name);
  return {
    case: "fileDescriptorResponse",
    value: reflectionpb.FileDescriptorResponse.create({ fileDescriptorProto: files }),
  };
}

function notFound(what: string): Answer {
  return refusal(GrpcCode.NotFound, `not found: ${what}`);
}

function refusal(errorCode: GrpcCode, errorMessage: string): Answer {
  return { case: "errorResponse", value: reflectionpb.ErrorResponse.create({ errorCode, errorMessage }) };
}
