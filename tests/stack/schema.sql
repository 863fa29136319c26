CREATE TABLE interactives (
  id BIGINT NOT NULL AUTO_INCREMENT,
  biz_id BIGINT,
  biz VARCHAR(128),
  read_cnt BIGINT,
  collect_cnt BIGINT,
  like_cnt BIGINT,
  ctime BIGINT,
  utime BIGINT,
  PRIMARY KEY (id),
  UNIQUE KEY biz_type_id (biz_id, biz),
  KEY ix_like_cnt_id (like_cnt, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
