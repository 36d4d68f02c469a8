"""llama.cpp's mtmd through llama-cpp-python's low-level bindings: images and sound become embeddings.

``mtmd_tokenize`` is asked for one image at a time, marks included, so that a prompt of many is measured once however
often its text is rendered. mtmd draws marks, tiles and positions as each model was trained; nothing is known here by
a model's name.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import Any

import llama_cpp.llama_cpp as lib
import llama_cpp.mtmd_cpp as mtmd
import numpy as np

from inference.config import LoadOptions
from inference.engine.int_buffer import Ints
from inference.engine.llama.load import flash_attention, log_callback
from inference.engine.media.chunks import Media, MediaChunk, new_chunk
from inference.engine.media.image import read_image
from inference.engine.media.sound import check_sound, sound_format
from inference.engine.threads import num_threads
from inference.errors import DecodeFailed, InvalidRequest, ModelLoadError, NotSupported

UINT8 = ctypes.POINTER(ctypes.c_uint8)
MROPE_DIMS = 4


class LlamaProjector:
    """See ``Projector``. ``max_tokens``: an image whose tokens see each other has to fit into one of llama.cpp's
    micro-batches."""

    def __init__(self, path: str, model: Any, options: LoadOptions, *, max_tokens: int) -> None:
        """Raises ModelLoadError. mtmd reports to a logger of its own, and would write paths to stderr."""
        mtmd.mtmd_helper_log_set(log_callback, ctypes.c_void_p(0))
        self._ctx = mtmd.mtmd_init_from_file(path.encode(), model, _params(options))
        if not self._ctx:
            raise ModelLoadError(
                "llama.cpp could not load the model's projector: the file is damaged, of an unknown kind, or made for "
                "another model"
            )
        self._max_tokens = max_tokens
        self._width = lib.llama_model_n_embd_inp(model)
        self.position_dims = MROPE_DIMS if mtmd.mtmd_decode_use_mrope(self._ctx) else 1

    def read(self, data: bytes, key: bytes) -> Media:
        bitmap = self._sound(data) if sound_format(data) else self._image(data)
        try:
            chunks = self._chunks(bitmap)
        finally:
            mtmd.mtmd_bitmap_free(bitmap)
        owner = _Owner(chunks)
        parts = [
            self._part(mtmd.mtmd_input_chunks_get(chunks, index), key, index, owner) for index in range(len(owner))
        ]
        return Media(tuple(parts))

    def encode(self, chunk: MediaChunk) -> None:
        _, native = chunk.handle
        if mtmd.mtmd_encode_chunk(self._ctx, native) != 0:
            raise DecodeFailed("llama.cpp could not encode an image or a sound")
        output = mtmd.mtmd_get_output_embd(self._ctx)
        chunk.embeddings = np.ctypeslib.as_array(output, (chunk.n_tokens, self._width)).astype(np.float32, copy=True)
        chunk.handle = None

    def close(self) -> None:
        """Once, and before the model is freed."""
        mtmd.mtmd_free(self._ctx)

    def _image(self, data: bytes) -> Any:
        if not mtmd.mtmd_support_vision(self._ctx):
            raise NotSupported("this model does not support image input")
        pixels = np.ascontiguousarray(read_image(data))
        height, width, _ = pixels.shape
        return mtmd.mtmd_bitmap_init(width, height, pixels.ctypes.data_as(UINT8))

    def _sound(self, data: bytes) -> Any:
        if not mtmd.mtmd_support_audio(self._ctx):
            raise NotSupported("this model does not support audio input")
        check_sound(data)
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        bitmap = mtmd.mtmd_helper_bitmap_init_from_buf(self._ctx, buffer, len(data), False)
        if not bitmap:
            raise InvalidRequest("a sound is damaged and can't be decoded")
        return bitmap

    def _chunks(self, bitmap: Any) -> Any:
        marker = mtmd.mtmd_get_marker(self._ctx)
        text = mtmd.mtmd_input_text(text=marker, text_len=len(marker), add_special=False, parse_special=True)
        chunks = mtmd.mtmd_input_chunks_init()
        if mtmd.mtmd_tokenize(self._ctx, chunks, ctypes.byref(text), (ctypes.c_void_p * 1)(bitmap), 1) != 0:
            mtmd.mtmd_input_chunks_free(chunks)
            raise InvalidRequest("an image or a sound can't be taken apart for this model")
        return chunks

    def _part(self, native: Any, key: bytes, index: int, owner: _Owner) -> list[int] | MediaChunk:
        if mtmd.mtmd_input_chunk_get_type(native) == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
            return _text_tokens(native)
        positions = self._positions(native)
        n_tokens = positions.shape[1]
        causal = not mtmd.mtmd_decode_use_non_causal(self._ctx, native)
        if not causal and n_tokens > self._max_tokens:
            raise InvalidRequest(f"an image takes {n_tokens} tokens of this model, {self._max_tokens} at most")
        n_positions = mtmd.mtmd_input_chunk_get_n_pos(native)
        if not 0 < n_positions <= n_tokens:
            raise NotSupported("this model places images in a way that is not supported")
        identity = key + index.to_bytes(4, "big")
        return new_chunk(identity, positions, n_positions, causal=causal, handle=(owner, native))

    def _positions(self, native: Any) -> Ints:
        n_tokens = mtmd.mtmd_input_chunk_get_n_tokens(native)
        line = np.arange(n_tokens, dtype=np.int32)
        if self.position_dims == 1:
            return line[np.newaxis]
        if mtmd.mtmd_input_chunk_get_type(native) == mtmd.MTMD_INPUT_CHUNK_TYPE_AUDIO:
            return np.stack([line, line, line, np.zeros_like(line)])
        places = (mtmd.mtmd_decoder_pos * n_tokens)()
        mtmd.mtmd_helper_image_get_decoder_pos(mtmd.mtmd_input_chunk_get_tokens_image(native), 0, places)
        # mtmd's fields are t, x, y, z; a batch has the sections t, y, x, z (mtmd-helper.cpp).
        return np.frombuffer(places, np.int32).reshape(n_tokens, MROPE_DIMS)[:, [0, 2, 1, 3]].T.copy()


class _Owner:
    """Frees the chunks of one image when the last of them is encoded or forgotten."""

    def __init__(self, chunks: Any) -> None:
        self._n = mtmd.mtmd_input_chunks_size(chunks)
        weakref.finalize(self, mtmd.mtmd_input_chunks_free, chunks)

    def __len__(self) -> int:
        return int(self._n)


def _text_tokens(native: Any) -> list[int]:
    n_tokens = ctypes.c_size_t()
    tokens = mtmd.mtmd_input_chunk_get_tokens_text(native, ctypes.byref(n_tokens))
    return [int(tokens[index]) for index in range(n_tokens.value)]


def _params(options: LoadOptions) -> Any:
    params = mtmd.mtmd_context_params_default()
    params.use_gpu = bool(options.gpu_layers != 0 and lib.llama_supports_gpu_offload())
    params.n_threads = options.num_threads or num_threads()
    params.print_timings = False
    params.flash_attn_type = flash_attention(options)
    return params
