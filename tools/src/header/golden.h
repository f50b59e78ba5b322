/* ==== Types ======================================================================================================= */
/** @defgroup haft_types Types
 *  @{ */

/** A thing.
 *
 * Lives long. */
typedef struct haft_thing haft_thing;

/** @} */

/* ==== First ======================================================================================================= */
/** @defgroup haft_first First
 *  @{ */

/** What became of it. */
typedef int32_t haft_status;
#define HAFT_OK        0   /**< fine */
#define HAFT_E_BAD   (-1)  /**< bad */

/** Names it.
 *
 * @since 0.1.0 */
HAFT_API const char *haft_status_name(haft_status status);

/** @} */

/* ==== Things ====================================================================================================== */
/** @defgroup haft_things Things
 *  @{ */

/** Hears. */
typedef void (*haft_hear_fn)(void *user_data, haft_status status);

/** Works on a thing.
 *
 * @since 0.1.0 */
HAFT_API haft_status haft_thing_work(haft_thing *thing, const char *name_of_the_work, const char *name_of_the_worker,
                                     haft_hear_fn hear, void *user_data);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* HAFT_H */
