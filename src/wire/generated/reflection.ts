// Written by `npm run generate` from proto/reflection.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export interface ServerReflectionRequest {
  readonly host: string;
  readonly messageRequest:
    | { readonly case: "fileByFilename"; readonly value: string }
    | { readonly case: "fileContainingSymbol"; readonly value: string }
    | { readonly case: "fileContainingExtension"; readonly value: ExtensionRequest }
    | { readonly case: "allExtensionNumbersOfType"; readonly value: string }
    | { readonly case: "listServices"; readonly value: string }
    | undefined;
}

const fieldsOfServerReflectionRequest: FieldNumbers = {
  message: "grpc.reflection.v1.ServerReflectionRequest",
  numbers: [1, 3, 4, 5, 6, 7],
};

export const ServerReflectionRequest: Codec<ServerReflectionRequest> = {
  create({
    host = "",
    messageRequest,
  }: Partial<ServerReflectionRequest> = {}) {
    return { host, messageRequest };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ServerReflectionRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ServerReflectionRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let host = base === undefined ? "" : base.host;
    let messageRequest: ServerReflectionRequest["messageRequest"];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          host = reader.string();
          break;
        case 26:
          messageRequest = { case: "fileByFilename", value: reader.string() };
          break;
        case 34:
          messageRequest = { case: "fileContainingSymbol", value: reader.string() };
          break;
        case 42: {
          const outer = reader.open();
          messageRequest = { case: "fileContainingExtension", value: ExtensionRequest.read(reader) };
          reader.close(outer);
          break;
        }
        case 50:
          messageRequest = { case: "allExtensionNumbersOfType", value: reader.string() };
          break;
        case 58:
          messageRequest = { case: "listServices", value: reader.string() };
          break;
        default:
          reader.skip(tag, fieldsOfServerReflectionRequest);
      }
    }
    return { host, messageRequest };
  },
  write(writer, message) {
    const { messageRequest } = message;
    if (messageRequest !== undefined) {
      switch (messageRequest.case) {
        case "fileByFilename": {
          writer.string(26, messageRequest.value);
          break;
        }
        case "fileContainingSymbol": {
          writer.string(34, messageRequest.value);
          break;
        }
        case "fileContainingExtension": {
          const before = writer.written();
          ExtensionRequest.write(writer, messageRequest.value);
          writer.close(42, before);
          break;
        }
        case "allExtensionNumbersOfType": {
          writer.string(50, messageRequest.value);
          break;
        }
        case "listServices": {
          writer.string(58, messageRequest.value);
          break;
        }
      }
    }
    if (message.host !== "") writer.string(10, message.host);
  },
};

export interface ExtensionRequest {
  readonly containingType: string;
  readonly extensionNumber: number;
}

const fieldsOfExtensionRequest: FieldNumbers = {
  message: "grpc.reflection.v1.ExtensionRequest",
  numbers: [1, 2],
};

export const ExtensionRequest: Codec<ExtensionRequest> = {
  create({
    containingType = "",
    extensionNumber = 0,
  }: Partial<ExtensionRequest> = {}) {
    return { containingType, extensionNumber };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ExtensionRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ExtensionRequest.read(new Reader(bytes));
  },
  read(reader) {
    let containingType = "";
    let extensionNumber = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          containingType = reader.string();
          break;
        case 16:
          extensionNumber = reader.int32();
          break;
        default:
          reader.skip(tag, fieldsOfExtensionRequest);
      }
    }
    return { containingType, extensionNumber };
  },
  write(writer, message) {
    if (message.extensionNumber !== 0) writer.int32(16, message.extensionNumber);
    if (message.containingType !== "") writer.string(10, message.containingType);
  },
};

export interface ServerReflectionResponse {
  readonly validHost: string;
  readonly originalRequest: ServerReflectionRequest | undefined;
  readonly messageResponse:
    | { readonly case: "fileDescriptorResponse"; readonly value: FileDescriptorResponse }
    | { readonly case: "allExtensionNumbersResponse"; readonly value: ExtensionNumberResponse }
    | { readonly case: "listServicesResponse"; readonly value: ListServiceResponse }
    | { readonly case: "errorResponse"; readonly value: ErrorResponse }
    | undefined;
}

const fieldsOfServerReflectionResponse: FieldNumbers = {
  message: "grpc.reflection.v1.ServerReflectionResponse",
  numbers: [1, 2, 4, 5, 6, 7],
};

export const ServerReflectionResponse: Codec<ServerReflectionResponse> = {
  create({
    validHost = "",
    originalRequest,
    messageResponse,
  }: Partial<ServerReflectionResponse> = {}) {
    return { validHost, originalRequest, messageResponse };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ServerReflectionResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ServerReflectionResponse.read(new Reader(bytes));
  },
  read(reader) {
    let validHost = "";
    let originalRequest: ServerReflectionRequest | undefined;
    let messageResponse: ServerReflectionResponse["messageResponse"];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          validHost = reader.string();
          break;
        case 18: {
          const outer = reader.open();
          originalRequest = ServerReflectionRequest.read(reader, originalRequest);
          reader.close(outer);
          break;
        }
        case 34: {
          const outer = reader.open();
          messageResponse = { case: "fileDescriptorResponse", value: FileDescriptorResponse.read(reader) };
          reader.close(outer);
          break;
        }
        case 42: {
          const outer = reader.open();
          messageResponse = { case: "allExtensionNumbersResponse", value: ExtensionNumberResponse.read(reader) };
          reader.close(outer);
          break;
        }
        case 50: {
          const outer = reader.open();
          messageResponse = { case: "listServicesResponse", value: ListServiceResponse.read(reader) };
          reader.close(outer);
          break;
        }
        case 58: {
          const outer = reader.open();
          messageResponse = { case: "errorResponse", value: ErrorResponse.read(reader) };
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfServerReflectionResponse);
      }
    }
    return { validHost, originalRequest, messageResponse };
  },
  write(writer, message) {
    const { messageResponse } = message;
    if (messageResponse !== undefined) {
      switch (messageResponse.case) {
        case "fileDescriptorResponse": {
          const before = writer.written();
          FileDescriptorResponse.write(writer, messageResponse.value);
          writer.close(34, before);
          break;
        }
        case "allExtensionNumbersResponse": {
          const before = writer.written();
          ExtensionNumberResponse.write(writer, messageResponse.value);
          writer.close(42, before);
          break;
        }
        case "listServicesResponse": {
          const before = writer.written();
          ListServiceResponse.write(writer, messageResponse.value);
          writer.close(50, before);
          break;
        }
        case "errorResponse": {
          const before = writer.written();
          ErrorResponse.write(writer, messageResponse.value);
          writer.close(58, before);
          break;
        }
      }
    }
    if (message.originalRequest !== undefined) {
      const before = writer.written();
      ServerReflectionRequest.write(writer, message.originalRequest);
      writer.close(18, before);
    }
    if (message.validHost !== "") writer.string(10, message.validHost);
  },
};

/** The descriptors of a file and of all its imports, each as an encoded FileDescriptorProto. */
export interface FileDescriptorResponse {
  readonly fileDescriptorProto: readonly Uint8Array[];
}

const fieldsOfFileDescriptorResponse: FieldNumbers = {
  message: "grpc.reflection.v1.FileDescriptorResponse",
  numbers: [1],
};

export const FileDescriptorResponse: Codec<FileDescriptorResponse> = {
  create({
    fileDescriptorProto = [],
  }: Partial<FileDescriptorResponse> = {}) {
    return { fileDescriptorProto };
  },
  encode(message) {
    const writer = sharedWriter.start();
    FileDescriptorResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return FileDescriptorResponse.read(new Reader(bytes));
  },
  read(reader) {
    const fileDescriptorProto: Uint8Array[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          fileDescriptorProto.push(reader.bytes());
          break;
        default:
          reader.skip(tag, fieldsOfFileDescriptorResponse);
      }
    }
    return { fileDescriptorProto };
  },
  write(writer, message) {
    for (let i = message.fileDescriptorProto.length - 1; i >= 0; i--) {
      const item = message.fileDescriptorProto[i];
      if (item === undefined) continue;
      writer.bytes(10, item);
    }
  },
};

export interface ExtensionNumberResponse {
  readonly baseTypeName: string;
  readonly extensionNumber: readonly number[];
}

const fieldsOfExtensionNumberResponse: FieldNumbers = {
  message: "grpc.reflection.v1.ExtensionNumberResponse",
  numbers: [1, 2],
};

export const ExtensionNumberResponse: Codec<ExtensionNumberResponse> = {
  create({
    baseTypeName = "",
    extensionNumber = [],
  }: Partial<ExtensionNumberResponse> = {}) {
    return { baseTypeName, extensionNumber };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ExtensionNumberResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ExtensionNumberResponse.read(new Reader(bytes));
  },
  read(reader) {
    let baseTypeName = "";
    const extensionNumber: number[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          baseTypeName = reader.string();
          break;
        case 16:
          reader.countPart();
          extensionNumber.push(reader.int32());
          break;
        case 18: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            extensionNumber.push(reader.int32());
          }
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfExtensionNumberResponse);
      }
    }
    return { baseTypeName, extensionNumber };
  },
  write(writer, message) {
    if (message.extensionNumber.length > 0) writer.packedInt32(18, message.extensionNumber);
    if (message.baseTypeName !== "") writer.string(10, message.baseTypeName);
  },
};

export interface ListServiceResponse {
  readonly service: readonly ServiceResponse[];
}

const fieldsOfListServiceResponse: FieldNumbers = {
  message: "grpc.reflection.v1.ListServiceResponse",
  numbers: [1],
};

export const ListServiceResponse: Codec<ListServiceResponse> = {
  create({
    service = [],
  }: Partial<ListServiceResponse> = {}) {
    return { service };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ListServiceResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ListServiceResponse.read(new Reader(bytes));
  },
  read(reader) {
    const service: ServiceResponse[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          service.push(ServiceResponse.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfListServiceResponse);
      }
    }
    return { service };
  },
  write(writer, message) {
    for (let i = message.service.length - 1; i >= 0; i--) {
      const item = message.service[i];
      if (item === undefined) continue;
      const before = writer.written();
      ServiceResponse.write(writer, item);
      writer.close(10, before);
    }
  },
};

export interface ServiceResponse {
  readonly name: string;
}

const fieldsOfServiceResponse: FieldNumbers = {
  message: "grpc.reflection.v1.ServiceResponse",
  numbers: [1],
};

export const ServiceResponse: Codec<ServiceResponse> = {
  create({
    name = "",
  }: Partial<ServiceResponse> = {}) {
    return { name };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ServiceResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ServiceResponse.read(new Reader(bytes));
  },
  read(reader) {
    let name = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfServiceResponse);
      }
    }
    return { name };
  },
  write(writer, message) {
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface ErrorResponse {
  readonly errorCode: number;
  readonly errorMessage: string;
}

const fieldsOfErrorResponse: FieldNumbers = {
  message: "grpc.reflection.v1.ErrorResponse",
  numbers: [1, 2],
};

export const ErrorResponse: Codec<ErrorResponse> = {
  create({
    errorCode = 0,
    errorMessage = "",
  }: Partial<ErrorResponse> = {}) {
    return { errorCode, errorMessage };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ErrorResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ErrorResponse.read(new Reader(bytes));
  },
  read(reader) {
    let errorCode = 0;
    let errorMessage = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          errorCode = reader.int32();
          break;
        case 18:
          errorMessage = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfErrorResponse);
      }
    }
    return { errorCode, errorMessage };
  },
  write(writer, message) {
    if (message.errorMessage !== "") writer.string(18, message.errorMessage);
    if (message.errorCode !== 0) writer.int32(8, message.errorCode);
  },
};

/** Every method by the full name of its service, with what a transport needs to carry it. */
export const services = {
  "grpc.reflection.v1.ServerReflection": {
    ServerReflectionInfo: {
      path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      requestStream: true,
      responseStream: true,
      request: ServerReflectionRequest,
      response: ServerReflectionResponse,
    },
  },
} as const;
